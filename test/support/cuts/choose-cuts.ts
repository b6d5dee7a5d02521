import type { Entry } from './write-log.ts';

/** A power cut. */
export interface Cut {
  /** The entries before this one reached the disk; what follows the last flush among them may be lost. */
  readonly index: number;
  /** The share of the writes since that flush that are kept, in pieces, whatever their order. */
  readonly kept: number;
  /** Decides which pieces are kept. */
  readonly seed: number;
  /** Whether the operation had been reported as done. */
  readonly done: boolean;
}

/** Where an operation lies in a log of writes: it is reported as done at `end`. In bytes from the start of the log. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Every so many cuts come at the moment at which the operation is reported as done. */
const AT_THE_END = 6;

/**
 * Chooses the moments of cuts in an operation. They are spread over the flushes and not over the time, most of which passes while
 * the content of large files is written; after a third of them nothing is kept that was not flushed, after a third everything.
 */
export function chooseCuts(
  entries: readonly Entry[],
  { start, end }: Span,
  { count, random }: { readonly count: number; readonly random: () => number },
): Cut[] {
  const first = entries.findIndex((entry) => entry.end > start);
  const last = entries.findLastIndex((entry) => entry.end <= end) + 1;
  const flushes = entries.flatMap(({ kind }, index) =>
    kind === 'flush' && index >= first ? [index + 1] : [],
  );
  const bounds = [first, ...flushes.filter((index) => index < last), last];
  return Array.from({ length: count }, (_, number) => {
    const done = number % AT_THE_END === 0;
    const epoch = Math.floor(random() * (bounds.length - 1));
    const [from = 0, to = 0] = bounds.slice(epoch, epoch + 2);
    const within = from + Math.ceil(random() * (to - from));
    const share = random();
    const kept = [0, 1, share][number % 3] ?? share;
    return { index: done ? last : within, kept, seed: Math.floor(random() * 2 ** 31), done };
  });
}
