import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../errors/factory-error.ts';
import { LABEL } from '../layout/labels.ts';
import type { Partition } from '../layout/partitions.ts';
import { grubMkimage } from '../tools/grub-mkimage.ts';
import type { Runner } from '../tools/runner.ts';

/** What the menus use; nothing can be loaded later, because the BIOS side ships no module directory (contract 2.1). */
const COMMON_MODULES = [
  ...[
    'normal',
    'configfile',
    'echo',
    'test',
    'true',
    'regexp',
    'sleep',
    'minicmd',
    'ls',
    'cat',
    'halt',
    'reboot',
  ],
  ...[
    'search',
    'search_label',
    'search_fs_file',
    'search_fs_uuid',
    'part_gpt',
    'part_msdos',
    'loadenv',
    'linux',
  ],
  ...['loopback', 'ext2', 'fat', 'squash4', 'iso9660', 'xzio', 'gzio', 'lzopio', 'probe'],
  ...['all_video', 'font', 'gfxterm', 'serial', 'terminal', 'smbios'],
];
const BIOS_MODULES = ['biosdisk', ...COMMON_MODULES];
/** Space between the core image's load address and the BIOS area (design, "Traps found on the way"). */
const CORE_LIMIT = 480 * 1024;
const SECTOR = 512;

/** Early commands of an installed system's GRUB: go to the state partition (contract 1.4). */
export const INSTALLED_STUB = [
  `search --no-floppy --label ${LABEL.state} --set=root`,
  'set prefix=($root)/grub2',
  '',
].join('\n');

/** Early commands of a live medium's GRUB (contract 3.1). */
export const LIVE_STUB = [
  'search --no-floppy --file /boot/kernel --set=root',
  'set prefix=($root)/boot/grub2',
  '',
].join('\n');

/** A GRUB configuration that does the early commands and goes on with the menu. */
export function grubConfig(stub: string): string {
  return `${stub}configfile $prefix/grub.cfg\n`;
}

/** Makes the El Torito image of an ISO for BIOS. */
export async function makeElTorito(
  runner: Runner,
  modules: string,
  scratch: string,
  output: string,
): Promise<void> {
  const config = join(scratch, 'eltorito.cfg');
  await writeFile(config, LIVE_STUB);
  const options = { modules, names: BIOS_MODULES, prefix: '/boot/grub2', config };
  await grubMkimage(runner, output, { format: 'i386-pc-eltorito', ...options });
}

/** Makes GRUB's unsigned program for UEFI, for images that ship none. */
export async function makeEfiGrub(
  runner: Runner,
  modules: string,
  stub: string,
  scratch: string,
  output: string,
): Promise<void> {
  const config = join(scratch, 'efi.cfg');
  await writeFile(config, stub);
  const options = { modules, names: [...COMMON_MODULES, 'efi_gop', 'efi_uga'], prefix: '/grub2', config };
  await grubMkimage(runner, output, { format: 'x86_64-efi', ...options });
}

/**
 * Puts GRUB for BIOS on a disk: boot code into the first sector, the core image into the BIOS boot partition, each told
 * where the other is (design, "A raw disk made wholly in place").
 * @throws FactoryError `step` when the core image is too large
 */
export async function embedBiosGrub(
  runner: Runner,
  disk: string,
  partition: Partition,
  modules: string,
  scratch: string,
): Promise<void> {
  const [config, coreFile] = [join(scratch, 'bios.cfg'), join(scratch, 'core.img')];
  await writeFile(config, INSTALLED_STUB);
  const options = { modules, names: BIOS_MODULES, prefix: '/grub2', config };
  await grubMkimage(runner, coreFile, { format: 'i386-pc', ...options });
  const { size } = await stat(coreFile);
  if (size > Math.min(CORE_LIMIT, partition.size)) {
    throw new FactoryError('step', `GRUB's core image has ${size} bytes, more than BIOS can load`, {
      remedy:
        'This is a defect of the list of GRUB modules; report it with the version of GRUB in the image.',
    });
  }
  const core = await readFile(coreFile);
  const boot = await readFile(join(modules, 'boot.img'));
  const sector = partition.start / SECTOR;
  boot.writeBigUInt64LE(BigInt(sector), 0x5c);
  // The jump that GRUB's own installer overwrites on hard disks, so that the BIOS's drive number is believed.
  boot.writeUInt16LE(0x9090, 0x66);
  core.writeBigUInt64LE(BigInt(sector + 1), 500);
  core.writeUInt16LE(Math.ceil(size / SECTOR) - 1, 508);
  core.writeUInt16LE(0x820, 510);
  const handle = await open(disk, 'r+');
  try {
    // From 0x1b8 on the sector is the disk's own: its signature and partition table.
    await handle.write(boot, 0, 0x1b8, 0);
    await handle.write(core, 0, core.length, partition.start);
  } finally {
    await handle.close();
  }
}
