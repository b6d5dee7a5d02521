import { type BigIntStats, lstatSync, lutimesSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { FactoryError } from '../errors/factory-error.ts';
import { decodeFileName, placeIn } from './file-name.ts';

/** A file, directory or other entry of a tree. */
export interface TreeEntry {
  /**
   * Path relative to the root of the tree, without a leading slash; `''` is the root itself. Names are decoded by
   * `decodeFileName`.
   */
  readonly path: string;
  /** The host path, for functions of the file system. */
  readonly place: string | Buffer;
  readonly stats: BigIntStats;
}

/**
 * Walks a tree, parents before children, sorted by name. Links are not followed.
 * It is synchronous on purpose: for tens of thousands of small calls, that is several times faster than promises.
 * @param isLeftOut whether to skip a path and everything below it
 * @throws FactoryError `usage` when a file disappears during the walk; the filesystem's error when the root is unreadable
 */
export function* walkTree(
  root: string,
  isLeftOut: (path: string) => boolean = () => false,
): Generator<TreeEntry> {
  const pending = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (isLeftOut(path)) continue;
    const place = placeIn(root, path);
    const stats = requireExisting(path, place, () => lstatSync(place, { bigint: true }));
    yield { path, place, stats };
    if (!stats.isDirectory()) continue;
    const names = requireExisting(path, place, () => namesIn(place))
      .sort()
      .reverse();
    for (const name of names) pending.push(path === '' ? name : `${path}/${name}`);
  }
}

/** The character that stands for bytes that are not UTF-8. */
const REPLACEMENT = '\ufffd';

function namesIn(directory: string | Buffer): string[] {
  const names = readdirSync(directory, { encoding: 'utf8' });
  // Buffers for every name would take twice as long.
  if (!names.some((name) => name.includes(REPLACEMENT))) return names;
  return readdirSync(directory, { encoding: 'buffer' }).map(decodeFileName);
}

function requireExisting<T>(path: string, place: string | Buffer, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (path === '' || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new FactoryError('FILE_NOT_FOUND', `${place} disappeared while its directory was read`, {
      remedy: 'Run the command again when no other program is writing there.',
      cause: error,
    });
  }
}

/** The space that a tree needs on a filesystem with 4 KiB blocks. */
export interface TreeSize {
  /** Bytes in whole blocks, hard links counted once, directories included. */
  readonly bytes: number;
  readonly inodes: number;
  /** The newest modification time, as a Unix timestamp. */
  readonly newest: number;
}

const BLOCK = 4096;
/** Entries of an ext2 directory: 8 bytes plus the name, padded to 4 bytes; none crosses a block ("Directory Entries"). */
const ENTRY = 8;
const LONGEST_ENTRY = ENTRY + 256;
/** `.` and `..`. */
const OWN_ENTRIES = 24;

/** Measures a tree for the filesystem that will hold it. */
export function measureTree(root: string): TreeSize {
  const seen = new Set<string>();
  /** Size of the entries by directory: the size that `stat` reports for a directory depends on the filesystem. */
  const directories = new Map<string, number>();
  let bytes = 0;
  let inodes = 0;
  let newest = 0;
  for (const { path, stats } of walkTree(root)) {
    if (path !== '') {
      const parent = dirname(path);
      const size = ENTRY + Math.ceil(Buffer.byteLength(basename(path)) / 4) * 4;
      directories.set(parent, (directories.get(parent) ?? 0) + size);
    }
    newest = Math.max(newest, Number(stats.mtimeMs) / 1000);
    if (stats.nlink > 1n && !stats.isDirectory()) {
      const id = `${stats.dev}:${stats.ino}`;
      if (seen.has(id)) continue;
      seen.add(id);
    }
    inodes += 1;
    if (stats.isDirectory()) {
      directories.set(path === '' ? '.' : path, OWN_ENTRIES);
      continue;
    }
    // Short symbolic links are stored in the inode.
    if (stats.isSymbolicLink() && stats.size < 60n) continue;
    bytes += Math.ceil(Number(stats.size) / BLOCK) * BLOCK;
  }
  for (const size of directories.values()) bytes += Math.ceil(size / (BLOCK - LONGEST_ENTRY)) * BLOCK;
  return { bytes, inodes, newest: Math.floor(newest) };
}

/**
 * Sets the times of files in a tree.
 * @param time a Unix timestamp, or that of an entry; `undefined` keeps what it has
 */
export function stampTree(root: string, time: number | ((entry: TreeEntry) => number | undefined)): void {
  const timeOf = typeof time === 'number' ? () => time : time;
  const stamps = [...walkTree(root)].map((entry) => ({ place: entry.place, seconds: timeOf(entry) }));
  // Children first, because changing a file may change the times of its directory.
  for (const { place, seconds } of stamps.reverse())
    if (seconds !== undefined) lutimesSync(place, seconds, seconds);
}
