/** Creates the error for malformed data. @param reason a clause, such as `it is cut short` */
export type CorruptionError = (reason: string) => Error;

/** The input of a parser. */
export interface ByteSource {
  /** Reads `size` bytes; `undefined` at the end. @throws the error of {@link corrupt} when the input ends within them */
  take(size: number): Promise<Buffer | undefined>;
  /** Skips `size` bytes. */
  skip(size: number): Promise<void>;
  /** Creates the error for malformed data; the opener of the input names the file in it. */
  readonly corrupt: CorruptionError;
}

/** Reads chunks of known sizes from a stream, without copying where possible. */
export class ByteReader implements ByteSource {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);
  /** Number of bytes read so far. */
  position = 0;
  readonly corrupt: CorruptionError;

  constructor(source: AsyncIterable<Uint8Array>, corrupt: CorruptionError) {
    this.#source = source[Symbol.asyncIterator]();
    this.corrupt = corrupt;
  }

  /**
   * Reads `size` bytes; `undefined` at the end of the stream.
   * @throws the error of `corrupt` when the stream ends within them
   */
  async take(size: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = size;
    while (missing > 0) {
      const part = await this.#next(missing);
      if (part === undefined) {
        if (missing === size) return undefined;
        throw this.corrupt(CUT_SHORT);
      }
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /**
   * Yields the next `size` bytes in chunks as they arrive.
   * @throws the error of `corrupt` when the stream ends within them
   */
  async *pass(size: number): AsyncGenerator<Buffer> {
    for (let missing = size; missing > 0; ) {
      const part = await this.#next(missing);
      if (part === undefined) throw this.corrupt(CUT_SHORT);
      missing -= part.length;
      yield part;
    }
  }

  /** @throws the error of `corrupt` when the stream ends within the next `size` bytes */
  async skip(size: number): Promise<void> {
    for await (const _ of this.pass(size));
  }

  /** Reads to the end, so that the producer of the stream can finish. */
  async drain(): Promise<void> {
    this.#rest = Buffer.alloc(0);
    while (!(await this.#source.next()).done);
  }

  /** Ends the stream early. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #next(limit: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#source.next();
      if (done) return undefined;
      this.#rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    const part = this.#rest.subarray(0, limit);
    this.#rest = this.#rest.subarray(part.length);
    this.position += part.length;
    return part;
  }
}

/** The reason for input that ends early. */
export const CUT_SHORT = 'it is cut short';

/**
 * Reads exactly `size` bytes.
 * @throws the error of `corrupt` when the input ends before or within them
 */
export async function takeAll(source: Pick<ByteSource, 'take' | 'corrupt'>, size: number): Promise<Buffer> {
  const bytes = size === 0 ? Buffer.alloc(0) : await source.take(size);
  if (bytes === undefined || bytes.length < size) throw source.corrupt(CUT_SHORT);
  return bytes;
}
