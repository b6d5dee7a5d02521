/** Blobs that are on their way at the same time. */
const PARALLEL = 3;

/** What moving one blob takes. */
interface OneTransfer {
  /** Ends it: another has failed, or the person has enough. */
  readonly signal: AbortSignal;
  /** Told how many bytes of the blob are there. */
  readonly progress: (bytes: number) => void;
}

/** Who follows a transfer. */
interface TransferOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that are there, of all. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Moves blobs, some at the same time. The first failure ends the others.
 * @param blobs with different digests
 * @param one moves a blob
 * @throws what `one` has thrown first
 */
export async function transferBlobs<B extends { readonly digest: string; readonly size: number }>(
  blobs: readonly B[],
  one: (blob: B, transfer: OneTransfer) => Promise<unknown>,
  { signal, progress }: TransferOptions,
): Promise<void> {
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  const done = new Map<string, number>();
  const failed = new AbortController();
  const ending = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
  const waiting = [...blobs];
  const worker = async () => {
    for (let blob = waiting.shift(); blob !== undefined; blob = waiting.shift()) {
      const { digest } = blob;
      await one(blob, {
        signal: ending,
        progress: (bytes) => {
          done.set(digest, bytes);
          const sum = [...done.values()].reduce((before, part) => before + part, 0);
          progress?.(sum, total);
        },
      });
    }
  };
  let first: unknown;
  const workers = Array.from({ length: PARALLEL }, () =>
    worker().catch((error: unknown) => {
      first ??= error;
      failed.abort();
    }),
  );
  await Promise.all(workers);
  if (first !== undefined) throw first;
}
