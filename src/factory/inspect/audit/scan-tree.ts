import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { walkTree } from '../../../common/files/walk-tree.ts';
import { readInitramfs } from './initramfs.ts';
import { CHUNK, type Needles, scanBytes, scanFile } from './scan-content.ts';
import type { Finding } from './secret-kinds.ts';

/** Files between two looks at what else the program has to do. */
const SLICE = 64;

/** An initramfs in the root of an image. */
export const INITRAMFS = /^boot\/init(?:rd|ramfs)[^/]*$/;

/** How a tree is searched. */
export interface TreeScan {
  /** Goes before the paths of findings; empty for the root of an image. */
  readonly name: string;
  readonly needles: Needles;
  readonly signal: AbortSignal;
  /** Receives a line on each initramfs that could not be unpacked. */
  readonly notice: (text: string) => void;
}

/**
 * Looks for secrets in every file of a tree. Links are not followed, a file with several names is read once. An initramfs is
 * unpacked, in memory; whatever else is compressed or encrypted is passed over.
 * @throws what aborted `signal`
 */
export async function scanTree(
  root: string,
  { name, needles, signal, notice }: TreeScan,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const buffer = Buffer.allocUnsafe(CHUNK);
  let count = 0;
  for (const { path, stats } of walkTree(root)) {
    if (!stats.isFile() || stats.size === 0n) continue;
    if (stats.nlink > 1n) {
      const identity = `${stats.dev}:${stats.ino}`;
      if (seen.has(identity)) continue;
      seen.add(identity);
    }
    findings.push(...scanFile(join(root, path), `${name}/${path}`, { needles, buffer }));
    if (INITRAMFS.test(path)) {
      const { files, isWhole } = await readInitramfs(readFileSync(join(root, path)));
      const archive = `${name}/${path}:`;
      if (!isWhole)
        notice(`${archive} some of it is of a form that cannot be unpacked here, and was not searched`);
      for (const { path: place, content } of files)
        findings.push(...scanBytes(content, { name: archive, place }, { needles, buffer }));
    }
    count += 1;
    if (count % SLICE === 0) {
      await nextTurn();
      signal.throwIfAborted();
    }
  }
  return findings;
}
