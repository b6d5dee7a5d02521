import { FactoryError } from '../../errors/factory-error.ts';
import { throwIfAborted } from '../../http/abort.ts';
import { withAclText } from '../../tar/acl-text.ts';
import { readTar, type TarEntry } from '../../tar/read-tar.ts';
import { holesOf } from '../../tar/sparse-map.ts';
import { TAR_END, writeMember } from '../../tar/write-member.ts';
import { corruptLayer } from './corrupt-layer.ts';
import type { LayerPlan } from './layer-plan.ts';
import type { OpenLayer } from './layer-stream.ts';

/** Maximum number of entries in all layers. */
const ENTRY_LIMIT = 4_000_000;
/** Maximum size of all holes, in bytes: a later copy of the tree may write them as zeros. */
export const HOLES_LIMIT = 64 * 1024 ** 3;

/** Totals over all layers of an image. */
export interface LayerCounters {
  entries: number;
  /** Bytes of stored file content. */
  bytes: number;
  /** Bytes of holes in files. */
  holes: number;
}

/** Options of {@link plannedTar}. */
export interface PlannedLayerOptions {
  readonly plan: LayerPlan;
  readonly counters: LayerCounters;
  readonly signal: AbortSignal | undefined;
  /** Receives each path that the layer removes, one byte per character. */
  readonly removed?: ((path: string) => void) | undefined;
}

/** Yields the members of a layer, checks its digests after the last one, and always closes it. */
export async function* entriesOf(opened: OpenLayer): AsyncGenerator<TarEntry> {
  try {
    yield* readTar(opened.tar, { corrupt: corruptLayer, globalHeaders: 'ignore' });
    opened.check();
  } finally {
    opened.close();
  }
}

/**
 * Rewrites a layer as a tar without whiteouts, with the headers of `encodeHeader`.
 * @throws FactoryError `verification` when a member is refused or a limit is exceeded
 */
export async function* plannedTar(layer: OpenLayer, options: PlannedLayerOptions): AsyncGenerator<Buffer> {
  const { plan, counters, signal, removed } = options;
  for await (const { member, stored } of entriesOf(layer)) {
    throwIfAborted(signal);
    const change = plan.plan(member);
    if (change?.kind === 'whiteout') removed?.(change.path);
    count(counters, member);
    if (change?.kind !== 'entry') continue;
    yield* writeMember(withAclText(change.member), stored());
    counters.bytes += member.size;
  }
  yield TAR_END;
}

/** @throws FactoryError `verification` when an image has more entries than it may have. */
export function countEntry(entries: number): void {
  if (entries > ENTRY_LIMIT) throw tooLarge(`${ENTRY_LIMIT} entries`);
}

function count(counters: LayerCounters, { sparse }: TarEntry['member']): void {
  counters.entries += 1;
  countEntry(counters.entries);
  counters.holes += holesOf(sparse);
  if (counters.holes > HOLES_LIMIT) throw tooLarge(`${HOLES_LIMIT} bytes of holes in its files`);
}

function tooLarge(limit: string): FactoryError {
  return new FactoryError('IMAGE_CORRUPT', `the image has more than ${limit}`, {
    remedy: 'Do not use this image unless you know who made it.',
  });
}
