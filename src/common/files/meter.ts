import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';

/** Passes bytes on while it hashes and counts them. */
export class Meter extends Transform {
  readonly #hash = createHash('sha256');
  #digest: string | undefined;
  size = 0;

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.size += chunk.length;
    done(null, chunk);
  }

  /** `sha256:HEX` of all that has passed, when no more is to come. */
  digest(): string {
    this.#digest ??= `sha256:${this.#hash.digest('hex')}`;
    return this.#digest;
  }
}
