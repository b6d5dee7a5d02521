import { FactoryError } from '../../errors/factory-error.ts';

/** Reads a stream in pieces of known sizes, without copying what can be handed on. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes that were read. */
  position = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /**
   * The next `size` bytes; `undefined` at the end of the stream.
   * @throws FactoryError `verification` when the stream ends within them
   */
  async take(size: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = size;
    while (missing > 0) {
      const part = await this.#next(missing);
      if (part === undefined) {
        if (missing === size) return undefined;
        throw cutShort();
      }
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /**
   * Hands the next `size` bytes on as they come.
   * @throws FactoryError `verification` when the stream ends within them
   */
  async *pass(size: number): AsyncGenerator<Buffer> {
    for (let missing = size; missing > 0; ) {
      const part = await this.#next(missing);
      if (part === undefined) throw cutShort();
      missing -= part.length;
      yield part;
    }
  }

  /** @throws FactoryError `verification` when the stream ends within the next `size` bytes */
  async skip(size: number): Promise<void> {
    for await (const _ of this.pass(size));
  }

  /** Reads to the end, so that what makes the stream can finish. */
  async drain(): Promise<void> {
    this.#rest = Buffer.alloc(0);
    while (!(await this.#source.next()).done);
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

/** @returns the error for a tar that ends where more was announced */
export function cutShort(): FactoryError {
  return new FactoryError('IMAGE_CORRUPT', 'a layer of the image is cut short', {
    remedy: 'Fetch or make the image again.',
  });
}
