/** Minimum size of a batch, in bytes. */
const BATCH = 256 * 1024;

/** Joins small chunks of a stream, so that a pipe gets fewer writes. The content is unchanged. */
export async function* batchBytes(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let batch: Buffer[] = [];
  let size = 0;
  for await (const part of parts) {
    batch.push(part);
    size += part.length;
    if (size < BATCH) continue;
    yield Buffer.concat(batch);
    batch = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(batch);
}
