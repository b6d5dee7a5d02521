import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { walkTree } from '../rootfs/walk.ts';
import { CHUNK, type Needles, scanFile } from './scan-content.ts';
import type { Finding } from './secret-kinds.ts';

/** Files between two looks at what else the program has to do. */
const SLICE = 64;

/**
 * Looks for secrets in every file of a tree. Links are not followed, a file with several names is read once, and nothing is
 * unpacked: what is compressed or encrypted is passed over.
 * @param name goes before the paths of findings; empty for the root of an image
 * @throws what aborted `signal`
 */
export async function scanTree(
  root: string,
  name: string,
  needles: Needles,
  signal: AbortSignal,
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
    findings.push(...scanFile(join(root, path), `${name}/${path}`, needles, buffer));
    count += 1;
    if (count % SLICE === 0) {
      await nextTurn();
      signal.throwIfAborted();
    }
  }
  return findings;
}
