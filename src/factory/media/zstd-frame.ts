// RFC 8878, section 3.1.1: a frame is a header, blocks with a header of three bytes each, and perhaps a checksum.
const DICTIONARY_SIZES = [0, 1, 2, 4];
const CONTENT_SIZES = [0, 2, 4, 8];
const SINGLE = 0x20;
const CHECKSUM = 0x04;
const REPEATED = 1;

/**
 * The length of the frame at the start of `bytes`, which Node.js needs to know: it refuses what follows a frame.
 * @throws RangeError when the bytes end within it
 */
export function zstdFrameLength(bytes: Buffer): number {
  const descriptor = bytes.readUInt8(4);
  const isSingle = (descriptor & SINGLE) !== 0;
  const content = CONTENT_SIZES[descriptor >> 6] || (isSingle ? 1 : 0);
  let at = 5 + (isSingle ? 0 : 1) + (DICTIONARY_SIZES[descriptor & 3] ?? 0) + content;
  for (let isLast = false; !isLast; ) {
    const header = bytes.readUIntLE(at, 3);
    isLast = (header & 1) !== 0;
    at += 3 + (((header >> 1) & 3) === REPEATED ? 1 : header >> 3);
  }
  return at + (descriptor & CHECKSUM ? 4 : 0);
}
