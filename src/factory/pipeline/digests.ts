import { createHash, type Hash, randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../../common/files/digest.ts';
import { encodeFileName } from '../../common/files/file-name.ts';
import { writeInPlace } from '../../common/files/output-file.ts';
import { walkTree } from '../../common/files/walk-tree.ts';

const CHUNK = 4 * 1024 * 1024;

/**
 * Returns the sha256 of a large file. Remembers it in `directory` while the size and times of the file are unchanged.
 * @throws the error of the file system when the file cannot be read
 */
export async function rememberedHash(directory: string, file: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
  const identity = createHash('sha256')
    .update([file, dev, ino, size, mtimeNs, ctimeNs].join('\0'))
    .digest('hex');
  const record = join(directory, identity);
  const known = await readFile(record, 'utf8').catch(() => '');
  // A power cut can leave an empty record.
  if (/^[0-9a-f]{64}$/.test(known)) return known;
  const digest = await hashFile(file);
  await mkdir(directory, { recursive: true });
  await writeInPlace(record, digest, { partial: `${record}.partial-${randomUUID()}` });
  return digest;
}

/**
 * A digest of the names, types, modes, owners, sizes and times in a tree; any change in the tree changes it.
 * @param newest the Unix time, in seconds, that later times count as, where they become it; so a fresh checkout changes nothing
 */
export function treeSignature(root: string, newest?: string): string {
  const latest = newest === undefined ? undefined : BigInt(newest) * 1_000_000_000n;
  const hash = createHash('sha256');
  for (const { path, stats } of walkTree(root)) {
    const time = stats.isDirectory()
      ? 0
      : latest !== undefined && stats.mtimeNs > latest
        ? latest
        : stats.mtimeNs;
    hash
      .update(encodeFileName(path))
      .update(['', stats.mode, stats.uid, stats.gid, stats.isDirectory() ? 0 : stats.size, time].join('\0'))
      .update('\n');
  }
  return hash.digest('hex');
}

/** A digest of the names, modes and contents in a tree: `PATH NUL MODE NUL CONTENT` for each file, the mode in decimal. */
export function treeContentDigest(root: string): string {
  const hash = createHash('sha256');
  for (const { path, place, stats } of walkTree(root)) {
    hash.update(encodeFileName(path)).update(`\0${stats.mode & 0o777n}\0`);
    if (stats.isFile()) updateWith(hash, place);
  }
  return hash.digest('hex');
}

/** Updates a hash with the content of a file of any size. */
function updateWith(hash: Hash, file: string | Buffer): void {
  const handle = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, fstatSync(handle).size)));
    for (let read = readSync(handle, buffer); read > 0; read = readSync(handle, buffer))
      hash.update(buffer.subarray(0, read));
  } finally {
    closeSync(handle);
  }
}
