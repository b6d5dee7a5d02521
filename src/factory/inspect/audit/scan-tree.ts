import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { walkTree } from '../../../common/files/walk-tree.ts';
import { readInitramfs } from './initramfs.ts';
import { CHUNK, type Needles, scanBytes, scanFile } from './scan-content.ts';
import type { Finding } from './secret-kinds.ts';

/** Number of files to scan before yielding to the event loop. */
const SLICE = 64;

/** Matches the path of an initramfs, relative to the root of an image. */
export const INITRAMFS = /^boot\/init(?:rd|ramfs)[^/]*$/;

/** Options for searching a tree. */
export interface TreeScan {
  /** Prefix for the paths of findings; empty for the root of an image. */
  readonly name: string;
  readonly needles: Needles;
  readonly signal: AbortSignal;
  /** Receives a message for each initramfs that could not be unpacked completely. */
  readonly notice: (text: string) => void;
}

/**
 * Searches every file of a tree for secrets. Symbolic links are not followed, and a file with several hard links is read
 * once. An initramfs is unpacked in memory; other compressed or encrypted files are not.
 * @throws the reason of `signal` when it is aborted
 */
export async function scanTree(
  root: string,
  { name, needles, signal, notice }: TreeScan,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const buffer = Buffer.allocUnsafe(CHUNK);
  let count = 0;
  for (const { path, place, stats } of walkTree(root)) {
    if (!stats.isFile() || stats.size === 0n) continue;
    if (stats.nlink > 1n) {
      const identity = `${stats.dev}:${stats.ino}`;
      if (seen.has(identity)) continue;
      seen.add(identity);
    }
    findings.push(...scanFile(place, `${name}/${path}`, { needles, buffer }));
    if (INITRAMFS.test(path)) {
      const { files, isComplete } = await readInitramfs(readFileSync(place));
      const archive = `${name}/${path}:`;
      if (!isComplete) notice(`${archive} part of it has an unknown format and was not searched`);
      for (const { path: inner, content } of files)
        findings.push(...scanBytes(content, { name: archive, place: inner }, { needles, buffer }));
    }
    count += 1;
    if (count % SLICE === 0) {
      await nextTurn();
      signal.throwIfAborted();
    }
  }
  return findings;
}
