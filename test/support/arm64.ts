import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { renderKairosRelease } from '../../src/common/contract/kairos-release.ts';
import { requiredDirectories } from '../../src/common/contract/system-layout.ts';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { buildDebian, PROJECT, TEST_HOME } from './factory.ts';
import { tool } from './tool.ts';

/** The start of a 64-bit ELF program for a machine (gABI, "ELF Header"). */
export function program(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(machine, 18);
  return header;
}

/** The start of a PE program for arm64 (Microsoft's "PE Format"), followed by a text that identifies it. */
function peProgram(name: string): Buffer {
  const file = Buffer.alloc(512);
  file.write('MZ', 'latin1');
  file.writeUInt32LE(0x80, 0x3c);
  file.write('PE\0\0', 0x80, 'latin1');
  file.writeUInt16LE(0xaa64, 0x84);
  file.write(name, 0x100, 'latin1');
  return file;
}

/** Returns the machine type of a PE program. */
export function peMachine(file: Buffer): number {
  const at = file.readUInt32LE(0x3c);
  if (file.toString('latin1', at, at + 4) !== 'PE\0\0') throw new Error('no PE program');
  return file.readUInt16LE(at + 4);
}

const PROGRAMS = [
  ...['bin/sh', 'usr/bin/kairos-agent', 'usr/bin/rsync', 'usr/bin/sudo', 'usr/bin/less', 'bin/mount'],
  ...[
    'usr/bin/grub2-editenv',
    'sbin/init',
    'sbin/mkfs.ext2',
    'sbin/mkfs.ext4',
    'sbin/mkfs.vfat',
    'sbin/tune2fs',
  ],
];

/**
 * The smallest tree that counts as an OS for arm64: the files that the factory reads are valid, but nothing can run. The
 * tools that make artifacts from it are real.
 */
export async function smallestArm64(): Promise<string> {
  const root = await mkdtemp(join(TEST_HOME, 'arm64-root-'));
  const identity = {
    ...{ flavor: 'debian', flavorRelease: '12', family: 'debian', variant: 'core' },
    ...{ arch: 'arm64', model: 'rpi4', version: 'v1.2.3' },
  };
  const files: Record<string, string | Buffer> = {
    ...Object.fromEntries(PROGRAMS.map((path) => [path, program(183)])),
    'etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
    'etc/kairos-release': renderKairosRelease(identity, 'test'),
    'etc/machine-id': '',
    'etc/cos/grub.cfg': 'menu\n',
    'etc/cos/bootargs.cfg': 'bootargs\n',
    'boot/vmlinuz': 'kernel',
    'boot/initrd': '070701',
    'usr/lib/kairos/source-date-epoch': '1700000000\n',
    'usr/lib/kairos/esp/config.txt': 'kernel=u-boot.bin\n',
    'usr/lib/shim/shimaa64.efi.signed': peProgram('shim'),
    'usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed': peProgram('installed GRUB'),
    'usr/lib/grub/arm64-efi-signed/gcdaa64.efi.signed': peProgram('live GRUB'),
    'usr/share/grub/unicode.pf2': 'font',
    // GRUB for BIOS: must not be used for arm64.
    'usr/lib/grub/i386-pc/boot.img': 'boot code',
    'usr/lib/shim/shimx64.efi.signed': 'shim of another machine',
  };
  for (const directory of requiredDirectories([])) await mkdir(join(root, directory), { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

/** The Debian bookworm image for arm64 that the optional tests share. It takes some minutes on another architecture. */
export async function arm64Build(): Promise<{
  readonly report: BuildReport;
  /** Path of an artifact by its suffix. */
  readonly artifact: (ending: string) => string;
}> {
  await tool(join(PROJECT, 'scripts/build-agent'), 'arm64');
  const output = join(TEST_HOME, 'out-arm64');
  const { report } = await buildDebian({ output, extra: ['--arch', 'arm64'] });
  return {
    report,
    artifact: (ending) => join(output, `kairos-debian-12-core-arm64-generic-v1.2.3.${ending}`),
  };
}
