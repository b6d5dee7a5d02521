/** Bytes that go to a pipe at once. */
const BATCH = 256 * 1024;

/** Joins small parts of a stream, so that a pipe is written to less often. The bytes stay the same. */
export async function* batchBytes(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let batch: Buffer[] = [];
  let size = 0;
  for await (const part of parts) {
    batch.push(part);
    size += part.length;
    if (size < BATCH) continue;
    yield Buffer.concat(batch);
    [batch, size] = [[], 0];
  }
  if (size > 0) yield Buffer.concat(batch);
}
