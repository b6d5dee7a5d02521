import { stat } from 'node:fs/promises';
import { allocatedBytes } from '../../common/files/allocated-bytes.ts';
import { parseBaseReference } from '../config/base-reference.ts';
import { TYPICAL_ROOT } from './predict.ts';
import type { Target } from './target.ts';

/** How much larger a root is than its compressed file. */
const COMPRESSION = 2.5;
/** What the packages of a flavor add to a base: kernel, modules and firmware. */
const ADDED = 340 * 1024 * 1024;

/**
 * How much larger the root of a target is than the typical one, as far as the base shows: its size is known if it is a file or a
 * directory here.
 */
export async function rootScale({ image, spec }: Target): Promise<number> {
  const text = image ?? ('base' in spec ? spec.base : undefined);
  if (text === undefined) return 1;
  const reference = parseBaseReference(text, process.cwd());
  if (!('path' in reference)) return 1;
  const size = await sizeOf(reference.path);
  if (size === 0) return 1;
  const isCompressed = reference.kind === 'oci' || /z$|zst$/.test(reference.path);
  const root = size * (isCompressed ? COMPRESSION : 1) + (image === undefined ? ADDED : 0);
  return root / TYPICAL_ROOT;
}

async function sizeOf(path: string): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return 0;
  return stats.isDirectory() ? allocatedBytes(path) : stats.size;
}
