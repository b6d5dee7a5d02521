import { basename, dirname, join } from 'node:path/posix';

/** A program of the system that the agent, or upstream's, calls on a node. */
export interface HostProgram {
  readonly name: string;
  /** What does not work without it, as the end of "needed to …". */
  readonly purpose: string;
  /** Whether every image must have it (docs/contract.md 5.10). */
  readonly required?: true;
  /** Other names that it may have in a base. */
  readonly alias?: string;
  /** Whether BusyBox's program of this name can do it, too. */
  readonly busybox?: true;
  /** A program with which our agent does the same. */
  readonly instead?: string;
}

/** All programs that boot, installation, upgrade and reset of a node call; those of single cloud-config keys are not listed. */
export const HOST_PROGRAMS: readonly HostProgram[] = [
  { name: 'grub2-editenv', purpose: 'read the boot environment', required: true, alias: 'grub-editenv' },
  { name: 'grub2-mkimage', purpose: 'install the boot loader', alias: 'grub-mkimage' },
  { name: 'rsync', purpose: 'copy a system into a slot', required: true, instead: 'tar' },
  { name: 'tar', purpose: 'unpack images and copy systems' },
  { name: 'mke2fs', purpose: 'make file systems' },
  { name: 'mkfs.ext2', purpose: 'make a slot', required: true },
  { name: 'mkfs.ext4', purpose: 'make the partitions of an installation', required: true },
  { name: 'mkfs.vfat', purpose: 'make the EFI partition', required: true },
  { name: 'tune2fs', purpose: 'label slots', required: true },
  { name: 'sudo', purpose: 'become root', required: true },
  { name: 'less', purpose: 'page the output of commands', required: true, busybox: true },
  { name: 'mount', purpose: 'mount partitions and slots', required: true },
  { name: 'umount', purpose: 'unmount them' },
  { name: 'cp', purpose: 'copy slots, and fill persistent directories' },
  { name: 'fsfreeze', purpose: 'put files where GRUB finds them' },
  { name: 'blkid', purpose: 'recognise file systems' },
  { name: 'dumpe2fs', purpose: 'read the size of file systems' },
  { name: 'e2fsck', purpose: 'check file systems and slots' },
  { name: 'lsblk', purpose: 'find disks and partitions' },
  { name: 'partx', purpose: 'grow partitions' },
  { name: 'resize2fs', purpose: 'grow file systems' },
  { name: 'sfdisk', purpose: 'partition disks' },
  { name: 'wipefs', purpose: 'erase old signatures from disks' },
];

/** Directories of a root that programs are looked up in. */
export const PROGRAM_DIRECTORIES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'];

/** A program that a root lacks. */
export interface AbsentProgram {
  readonly name: string;
  /** The path for it: that of BusyBox's program, which it replaces, or one of its own. */
  readonly place: string;
}

/**
 * The programs that a root lacks. BusyBox's have the names of others, but not all of their options.
 * @param resolve the path in the root that another path leads to, over links; `undefined` when it does not exist
 */
export async function absentPrograms(
  resolve: (path: string) => Promise<string | undefined>,
): Promise<AbsentProgram[]> {
  const absent: AbsentProgram[] = [];
  for (const { name, alias, busybox = false } of HOST_PROGRAMS) {
    const names = [name, ...(alias === undefined ? [] : [alias])];
    const places = PROGRAM_DIRECTORIES.flatMap((directory) => names.map((each) => join(directory, each)));
    const found = await Promise.all(places.map(async (place) => ({ place, target: await resolve(place) })));
    const isUsable = ({ target }: (typeof found)[number]) =>
      target !== undefined && (busybox || !/^busybox/.test(basename(target)));
    if (found.some(isUsable)) continue;
    const replaced = found.find(({ target }) => target !== undefined)?.place ?? join('/usr/bin', name);
    const directory = (await resolve(dirname(replaced))) ?? dirname(replaced);
    absent.push({ name, place: join(directory, name) });
  }
  return absent;
}
