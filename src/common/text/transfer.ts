const MEBIBYTE = 1024 ** 2;
/** Milliseconds before a rate says anything. */
const SETTLED = 1000;
/** Milliseconds between two reports. */
const INTERVAL = 1000;

/**
 * Describes the progress of a transfer: bytes, and the rate since it began.
 * @param now returns a time in milliseconds
 * @param start bytes that an earlier attempt has transferred, which do not count for the rate
 * @returns the text for a number of bytes, such as `12.0 of 34.0 MiB, 5.1 MiB/s`; `total` may be unknown (NaN)
 */
export function createTransferText(
  now: () => number = () => performance.now(),
  start = 0,
): (done: number, total?: number) => string {
  const began = now();
  const mib = (bytes: number) => (bytes / MEBIBYTE).toFixed(1);
  return (done, total = Number.NaN) => {
    const elapsed = now() - began;
    const rate = elapsed < SETTLED ? '' : `, ${mib(((done - start) / elapsed) * 1000)} MiB/s`;
    return `${mib(done)}${Number.isNaN(total) ? '' : ` of ${mib(total)}`} MiB${rate}`;
  };
}

/**
 * Reports the progress of a transfer now and then, and at its end.
 * @param say receives the text of {@link createTransferText}
 * @returns a function to call with each number of bytes
 */
export function createTransferReporter(say: (text: string) => void): (done: number, total: number) => void {
  let last = 0;
  const describe = createTransferText();
  return (done, total) => {
    const now = performance.now();
    if (now - last < INTERVAL && done < total) return;
    last = now;
    say(describe(done, total));
  };
}
