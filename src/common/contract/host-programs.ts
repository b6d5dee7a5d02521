/** A program of the system that the agent, or upstream's, calls on a node. */
export interface HostProgram {
  readonly name: string;
  /** What does not work without it, as the end of "needed to …". */
  readonly purpose: string;
  /** Whether every image must have it (docs/contract.md 5.10). */
  readonly required?: true;
  /** Other names that it may have in a base. */
  readonly alias?: string;
}

/** All programs that boot, installation, upgrade and reset of a node call; those of single cloud-config keys are not listed. */
export const HOST_PROGRAMS: readonly HostProgram[] = [
  { name: 'grub2-editenv', purpose: 'read the boot environment', required: true, alias: 'grub-editenv' },
  { name: 'rsync', purpose: 'copy a system into a slot', required: true },
  { name: 'mkfs.ext2', purpose: 'make a slot', required: true },
  { name: 'mkfs.ext4', purpose: 'make the partitions of an installation', required: true },
  { name: 'mkfs.vfat', purpose: 'make the EFI partition', required: true },
  { name: 'tune2fs', purpose: 'label slots', required: true },
  { name: 'sudo', purpose: 'become root', required: true },
  { name: 'less', purpose: 'page the output of commands', required: true },
  { name: 'mount', purpose: 'mount partitions and slots', required: true },
  { name: 'blkid', purpose: 'recognise file systems' },
  { name: 'e2fsck', purpose: 'check file systems and slots' },
  { name: 'lsblk', purpose: 'find disks and partitions' },
  { name: 'partx', purpose: 'grow partitions' },
  { name: 'resize2fs', purpose: 'grow file systems' },
  { name: 'sfdisk', purpose: 'partition disks' },
  { name: 'wipefs', purpose: 'erase old signatures from disks' },
];

/** Directories of a root that programs are looked up in. */
export const PROGRAM_DIRECTORIES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'];

/** The programs that a root lacks. @param has whether a path exists in the root */
export async function absentPrograms(has: (path: string) => Promise<boolean>): Promise<HostProgram[]> {
  const absent: HostProgram[] = [];
  for (const program of HOST_PROGRAMS) {
    const names = [program.name, ...(program.alias === undefined ? [] : [program.alias])];
    const places = PROGRAM_DIRECTORIES.flatMap((directory) => names.map((name) => `${directory}/${name}`));
    const found = await Promise.all(places.map(has));
    if (!found.includes(true)) absent.push(program);
  }
  return absent;
}
