import { lstat, open, readdir, readFile, stat } from 'node:fs/promises';
import { resolveInRoot } from '../files/resolve-in-root.ts';
import { ARCHES, ARCHITECTURES } from './architectures.ts';
import { findBootFiles, kernelHas } from './boot-files.ts';
import { REQUIRED_RELEASE_KEYS } from './kairos-release.ts';
import { NODE_PATH } from './node-paths.ts';
import { parseOsRelease } from './os-release.ts';
import { rootArch } from './root-arch.ts';
import { requiredDirectories } from './system-layout.ts';

/** One thing that an OS image has to satisfy. */
export interface Finding {
  /** What was looked at, such as `kernel`. */
  readonly check: string;
  readonly passed: boolean;
  /** An image that fails a required check is not an OS; others are said and let pass. */
  readonly required: boolean;
  /** What is wrong and what to do, or what was found. */
  readonly text: string;
}

/** Programs that the agent of upstream, or ours, calls on a node (docs/contract.md 5.10). */
const PROGRAMS = [
  'kairos-agent',
  'grub2-editenv',
  'rsync',
  'mkfs.ext2',
  'mkfs.ext4',
  'mkfs.vfat',
  'tune2fs',
  'sudo',
  'less',
  'mount',
];
/** Says that an image was made from a root that cannot run the agent: it boots, and does nothing else of a node. */
export const BARE_MARK = '/usr/lib/kairos/bare';
const PROGRAM_DIRECTORIES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'];

/**
 * Checks a root filesystem against what an OS image must have (docs/contract.md 6.9).
 * @param root host path of the tree; nothing is followed outside of it
 */
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
export async function checkConformance(root: string): Promise<Finding[]> {
  const has = async (path: string) => (await resolveInRoot(root, path)) !== undefined;
  const findings: Finding[] = [];
  const add = (check: string, passed: boolean, good: string, bad: string, required = true) => {
    findings.push({ check, passed, required, text: passed ? good : bad });
  };

  add(
    'os-release',
    await has('/etc/os-release'),
    '/etc/os-release',
    '/etc/os-release is missing: the base is no distribution',
  );
  add('init', await has('/sbin/init'), '/sbin/init', '/sbin/init is missing: install an init system');
  // What only the agent and people need, a bare root may lack.
  const whole = !(await has(BARE_MARK));
  add(
    'shell',
    await has('/bin/sh'),
    '/bin/sh',
    '/bin/sh is missing: the image cannot run as a container',
    whole,
  );

  const release = await resolveInRoot(root, NODE_PATH.release);
  const text = release === undefined ? '' : await readFile(release, 'utf8');
  const keys = parseOsRelease(text);
  const said = keys.get('KAIROS_ARCH');
  const programs = await rootArch(root);
  const arch = ARCHES.find((known) => known === (said ?? programs ?? 'amd64'));
  // A missing key is told of below.
  if (said !== undefined && said !== '') {
    add(
      'architecture',
      arch !== undefined && (programs === undefined || programs === said),
      said,
      arch === undefined
        ? `KAIROS_ARCH is ${said}; images are made for ${ARCHES.join(', ')}`
        : `KAIROS_ARCH is ${said}, but the programs are for ${programs}: correct /etc/kairos-release`,
    );
  }

  const boot = await findBootFiles(root, arch ?? 'amd64');
  add(
    'kernel',
    boot.kernel !== undefined,
    '/boot/vmlinuz',
    '/boot/vmlinuz is missing or leads nowhere: install a kernel',
  );
  const initrd = boot.initrd === undefined ? undefined : await lstat(boot.initrd);
  add('initramfs', (initrd?.size ?? 0) > 0, '/boot/initrd', '/boot/initrd is missing or empty: run dracut');
  add(
    'kernel options',
    await kernelHas(root, ['CONFIG_SQUASHFS_ZSTD', 'CONFIG_OVERLAY_FS', 'CONFIG_BLK_DEV_LOOP']),
    'squashfs with zstd, overlay and loop are there',
    'the kernel lacks CONFIG_SQUASHFS_ZSTD, CONFIG_OVERLAY_FS or CONFIG_BLK_DEV_LOOP: use another kernel',
  );
  for (const file of ['/etc/cos/grub.cfg', '/etc/cos/bootargs.cfg']) {
    add('boot menu', await has(file), file, `${file} is missing: the disk would have no menu`);
  }
  const efi = boot.shim !== undefined && boot.grub !== undefined;
  add('UEFI boot', efi, 'shim and signed GRUB', 'shim or signed GRUB is missing: no Secure Boot', false);
  if (ARCHITECTURES[arch ?? 'amd64'].bios) {
    const bios = boot.biosModules !== undefined;
    add(
      'BIOS boot',
      bios,
      'GRUB modules for i386-pc',
      'GRUB modules for i386-pc are missing: no BIOS boot',
      false,
    );
  }
  add(
    'GRUB fonts',
    boot.fonts.length > 0,
    'GRUB fonts',
    'GRUB fonts are missing: the menu is plain text',
    false,
  );

  const missing = REQUIRED_RELEASE_KEYS.filter((key) => !keys.get(key));
  add(
    'kairos-release',
    missing.length === 0,
    '/etc/kairos-release has all keys',
    `/etc/kairos-release lacks ${missing.join(', ')}`,
  );
  add(
    'kairos-release quoting',
    release !== undefined && /^KAIROS_RELEASE="[^"]*"$/m.test(text),
    'values are quoted',
    'KAIROS_RELEASE is not in double quotes, which other tools of the field look for',
  );

  const directories = requiredDirectories([]);
  const absent: string[] = [];
  for (const directory of directories) if (!(await has(directory))) absent.push(directory);
  add(
    'directories',
    absent.length === 0,
    `${directories.length} directories of the layout`,
    `missing directories: ${absent.join(' ')}; mounts on them are skipped at boot`,
  );

  const lost: string[] = [];
  for (const program of PROGRAMS) {
    const places = await Promise.all(PROGRAM_DIRECTORIES.map((directory) => has(`${directory}/${program}`)));
    if (!places.includes(true)) lost.push(program);
  }
  add('programs', lost.length === 0, PROGRAMS.join(' '), `missing programs: ${lost.join(' ')}`, whole);

  const ssh = await resolveInRoot(root, '/etc/ssh');
  const hostKeys = (ssh === undefined ? [] : await readdir(ssh)).filter((name) =>
    /^ssh_host_.*_key$/.test(name),
  );
  add(
    'host keys',
    hostKeys.length === 0,
    'no SSH host keys',
    `SSH host keys in the image: ${hostKeys.join(' ')}`,
  );
  const machineId = await resolveInRoot(root, '/etc/machine-id');
  const empty = machineId === undefined || (await stat(machineId)).size === 0;
  add(
    'machine-id',
    empty,
    'no machine-id',
    '/etc/machine-id is not empty: every node would be the same machine',
  );
  if (boot.initrd !== undefined) {
    add(
      'initramfs format',
      await isInitramfs(boot.initrd),
      'an archive the kernel reads',
      '/boot/initrd is no initramfs',
    );
  }
  return findings;
}

/** Whether a file begins as an uncompressed cpio or one of the compressions that kernels unpack. */
async function isInitramfs(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(6), 0, 6, 0);
    const magic = buffer.toString('latin1');
    return ['070701', '\x1f\x8b', '\xfd7zXZ', '\x28\xb5\x2f\xfd', '\x02!L\x18'].some((start) =>
      magic.startsWith(start),
    );
  } finally {
    await handle.close();
  }
}
