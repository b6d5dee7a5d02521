import { readFile } from 'node:fs/promises';
import { tool } from './tool.ts';

/** Unmounts everything below a directory, the innermost first: what a killed daemon has left. */
export async function unmountBelow(place: string): Promise<void> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts
    .filter((path) => path.startsWith(`${place}/`))
    .sort()
    .reverse())
    await tool('umount', '-l', mount);
}
