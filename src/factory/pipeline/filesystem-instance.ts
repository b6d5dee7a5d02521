import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * Identifies the mounted filesystem of a directory: another text after a restart of the machine, or after the filesystem was
 * mounted again. What a killed process wrote is still there as long as the text is the same; after a power cut, it may not be.
 */
export async function filesystemInstance(directory: string): Promise<string> {
  const boot = await readFile(BOOT_ID, 'utf8').catch(() => '');
  return `${boot.trim()} ${await mounted(directory)}`.trim();
}

/** Whether two texts of {@link filesystemInstance} can be of one time. Containers may hide a part of it. */
export function isSameInstance(one: string, other: string): boolean {
  const [boot, number] = one.split(' ');
  const [otherBoot, otherNumber] = other.split(' ');
  return boot === otherBoot && (!number || !otherNumber || number === otherNumber);
}

/** The number of the kernel object of a mounted filesystem; empty for those without one, such as overlayfs. */
async function mounted(directory: string): Promise<string> {
  const { dev } = await stat(directory);
  // Linux: 12 bits of the major number above the low 8 of the minor one (makedev(3)); enough for block devices.
  const number = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const line = mounts.split('\n').find((one) => one.split(' ')[2] === number);
  const [type, source] = line?.split(' - ')[1]?.split(' ') ?? [];
  if (type === undefined || source === undefined) return '';
  return stat(`/sys/fs/${type}/${basename(source)}`).then(
    ({ ino }) => String(ino),
    () => '',
  );
}
