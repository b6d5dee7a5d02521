import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import tar, { type Header } from 'tar-stream';

/** An entry of a test tar: a header, and the content of a file. */
export type TarEntry = Partial<Header> & { readonly name: string; readonly content?: string | Buffer };

/** An entry as a reader finds it. */
export interface ReadEntry {
  readonly header: Header;
  readonly content: Buffer;
}

/** Packs entries as they are, hostile ones too. */
export async function makeTar(entries: readonly TarEntry[]): Promise<Buffer> {
  const pack = tar.pack();
  const whole = buffer(Readable.from(pack));
  for (const { content, ...header } of entries) {
    const isFile = header.type === undefined || /file$/.test(header.type);
    // A body of zero bytes too: without one the packer waits for it.
    if (isFile) pack.entry(header, content ?? '');
    else pack.entry(header);
  }
  pack.finalize();
  return whole;
}

/** All entries of a tar, in their order. */
export async function readTar(bytes: Buffer | Readable): Promise<ReadEntry[]> {
  const extract = tar.extract();
  const entries: ReadEntry[] = [];
  const read = async () => {
    for await (const entry of extract) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      entries.push({ header: entry.header, content: Buffer.concat(chunks) });
    }
  };
  await Promise.all([pipeline(Buffer.isBuffer(bytes) ? Readable.from([bytes]) : bytes, extract), read()]);
  return entries;
}
