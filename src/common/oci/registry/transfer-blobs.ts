/** Number of concurrent transfers. */
const PARALLEL = 3;

/** The signal and the progress of one transfer. */
interface OneTransfer {
  /** Aborted when another transfer fails, or the user interrupts. */
  readonly signal: AbortSignal;
  /** Receives the bytes of the blob transferred so far. */
  readonly progress: (bytes: number) => void;
}

/** Options of {@link transferBlobs}. */
interface TransferOptions {
  readonly signal?: AbortSignal | undefined;
  /** Receives the bytes transferred so far, and their total. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Transfers blobs, some concurrently. The first failure aborts the others.
 * @param blobs with different digests
 * @param transferBlob transfers a blob
 * @throws the first error of `transferBlob`
 */
export async function transferBlobs<B extends { readonly digest: string; readonly size: number }>(
  blobs: readonly B[],
  transferBlob: (blob: B, transfer: OneTransfer) => Promise<unknown>,
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
      await transferBlob(blob, {
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
