import { pipeline } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { ByteReader, takeAll } from '../../files/byte-reader.ts';
import { corruptLayer } from './corrupt-layer.ts';

/** Magic numbers of frames (RFC 8878, sections 3.1.1 and 3.1.2). */
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
/** Sizes of the fields "Dictionary_ID" and "Frame_Content_Size" by flag (RFC 8878, section 3.1.1.1). */
const DICTIONARY_SIZES = [0, 1, 2, 4];
const CONTENT_SIZES = [0, 2, 4, 8];

/**
 * Decompresses zstd frame by frame. Node stops after the first frame, but layers in the format "zstd:chunked" have one
 * frame per file.
 * @throws FactoryError `verification` when the data is corrupt or cut short
 */
export async function* decompressZstd(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(input, corruptLayer);
  for (let start = await reader.take(4); start !== undefined; start = await reader.take(4)) {
    const magic = start.readUInt32LE();
    if (magic === MAGIC) {
      const stream = createZstdDecompress();
      // The reader of the stream gets its error.
      pipeline(frame(reader, start), stream, () => {});
      yield* stream as AsyncIterable<Uint8Array>;
    } else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) {
      await reader.skip((await takeAll(reader, 4)).readUInt32LE());
    } else {
      throw corruptLayer('it is not zstd');
    }
  }
}

/** The bytes of one frame (RFC 8878, section 3.1.1), whose magic number has been read. */
async function* frame(reader: ByteReader, magic: Buffer): AsyncGenerator<Buffer> {
  const first = await takeAll(reader, 1);
  const descriptor = first.readUInt8();
  const isSingle = (descriptor & 0x20) !== 0;
  const content = CONTENT_SIZES[descriptor >> 6] || (isSingle ? 1 : 0);
  const rest = (isSingle ? 0 : 1) + (DICTIONARY_SIZES[descriptor & 3] ?? 0) + content;
  yield Buffer.concat([magic, first, await takeAll(reader, rest)]);
  for (let isLast = false; !isLast; ) {
    const header = await takeAll(reader, 3);
    const value = header.readUIntLE(0, 3);
    isLast = (value & 1) !== 0;
    const type = (value >> 1) & 3;
    if (type === 3) throw corruptLayer('it is not zstd');
    yield header;
    // A block of type 1 stores one byte, which is repeated.
    yield* reader.pass(type === 1 ? 1 : value >> 3);
  }
  if (descriptor & 4) yield await takeAll(reader, 4);
}
