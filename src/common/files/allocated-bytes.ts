import { lstatSync, readdirSync } from 'node:fs';
import { decodeFileName, placeIn } from './file-name.ts';

/** Bytes of a block in `stat` (stat(2), `st_blocks`). */
const BLOCK = 512;

/**
 * The bytes that a file or a tree takes on its filesystem: holes take none, and a file with several names counts once. What cannot
 * be read, or disappears, counts as nothing. Links are not followed. Synchronous for the reason that `walkTree` is.
 */
export function allocatedBytes(root: string): number {
  const seen = new Set<string>();
  let sum = 0;
  const pending = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const place = placeIn(root, path);
    const stats = attempt(() => lstatSync(place));
    if (stats === undefined) continue;
    const identity = `${stats.dev}:${stats.ino}`;
    if (!stats.isDirectory() && stats.nlink > 1 && seen.has(identity)) continue;
    seen.add(identity);
    sum += stats.blocks * BLOCK;
    if (!stats.isDirectory()) continue;
    const names = attempt(() => readdirSync(place, { encoding: 'buffer' })) ?? [];
    for (const name of names.map(decodeFileName)) pending.push(path === '' ? name : `${path}/${name}`);
  }
  return sum;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
