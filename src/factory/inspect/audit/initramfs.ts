import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/** A regular, non-empty file of an initramfs. */
export interface InitramfsFile {
  /** Absolute path. */
  readonly path: string;
  readonly content: Buffer;
}

/** The readable content of an initramfs. */
export interface Initramfs {
  readonly files: readonly InitramfsFile[];
  /** Whether everything could be read: false when a part is corrupt or uses an unknown compression. */
  readonly isComplete: boolean;
}

/** Maximum size of an unpacked part in bytes, well above that of any bootable initramfs. */
const LIMIT = 1024 ** 3;
/** Size of a cpio header: magic number and thirteen fields of eight hexadecimal digits. */
const HEADER = 110;
const MODE = 14;
const FILE_SIZE = 54;
const NAME_SIZE = 94;
const TYPE = 0o170000;
const REGULAR = 0o100000;
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * Reads an initramfs: a sequence of cpio archives, each plain or compressed with gzip or zstd, and separated by zeros
 * (Linux, "initramfs buffer format").
 */
export async function readInitramfs(image: Buffer): Promise<Initramfs> {
  const files: InitramfsFile[] = [];
  for (let at = 0; ; ) {
    at = archivesEnd(image, at, files);
    if (at === image.length) return { files, isComplete: true };
    const part = await unpack(image.subarray(at)).catch(() => undefined);
    if (part === undefined || archivesEnd(part.content, 0, files) !== part.content.length)
      return { files, isComplete: false };
    at += part.consumed;
  }
}

/** Reads uncompressed archives. @returns the offset of the first byte that is not part of one */
function archivesEnd(bytes: Buffer, start: number, files: InitramfsFile[]): number {
  for (let at = start; ; ) {
    while (bytes[at] === 0) at += 1;
    const end = archiveEnd(bytes, at, files);
    if (end === undefined) return at;
    at = end;
  }
}

/** Reads one archive. @returns the offset of its end; nothing when there is no archive or it is corrupt */
function archiveEnd(bytes: Buffer, start: number, files: InitramfsFile[]): number | undefined {
  const aligned = (at: number) => start + Math.ceil((at - start) / 4) * 4;
  for (let at = start; ; ) {
    const header = bytes.toString('latin1', at, at + HEADER);
    if (!/^07070[12][\da-f]{104}$/i.test(header)) return undefined;
    const field = (offset: number) => Number.parseInt(header.slice(offset, offset + 8), 16);
    const nameEnd = at + HEADER + field(NAME_SIZE);
    const name = bytes.toString('utf8', at + HEADER, nameEnd - 1);
    const content = aligned(nameEnd);
    const end = content + field(FILE_SIZE);
    if (end > bytes.length) return undefined;
    if (name === 'TRAILER!!!') return end;
    if ((field(MODE) & TYPE) === REGULAR && end > content)
      files.push({ path: `/${name.replace(/^(?:\.?\/)+/, '')}`, content: bytes.subarray(content, end) });
    at = aligned(end);
  }
}

async function unpack(bytes: Buffer): Promise<{ content: Buffer; consumed: number } | undefined> {
  const kind = [
    { magic: GZIP, stream: createGunzip },
    { magic: ZSTD, stream: createZstdDecompress },
  ].find(({ magic }) => bytes.subarray(0, magic.length).equals(magic));
  if (kind === undefined) return undefined;
  const stream: Transform & { readonly bytesWritten: number } = kind.stream();
  stream.end(bytes);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LIMIT) return undefined;
    chunks.push(chunk);
  }
  return { content: Buffer.concat(chunks), consumed: stream.bytesWritten };
}
