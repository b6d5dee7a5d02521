import { BLOCK } from './block.ts';
import { checksum, encodeNumber } from './header-fields.ts';

/** A file in a ustar archive. */
export interface UstarFile {
  /** At most 100 bytes. */
  readonly name: string;
  /** At most 8 GiB - 1. */
  readonly size: number;
  /** Unix time. */
  readonly modified: number;
}

/** Encodes the header of a plain file of root, readable by all (POSIX.1-2024, "ustar Header Block"). */
export function ustarHeader(file: UstarFile): Buffer {
  return tarHeader({ ...file, type: '0', magic: 'ustar\x0000' });
}

/** Encodes the header of a file of root for any of the formats that agree on these fields. */
export function tarHeader({
  name,
  size,
  modified,
  type,
  magic,
  further = { start: 0, bytes: Buffer.alloc(0) },
}: UstarFile & {
  readonly type: string;
  /** The magic number and the version. */
  readonly magic: string;
  /** Bytes of the format's own. */
  readonly further?: { readonly start: number; readonly bytes: Buffer };
}): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, 'latin1');
  for (const [value, start, length] of [
    [0o644, 100, 8],
    [0, 108, 8],
    [0, 116, 8],
    [size, 124, 12],
    [modified, 136, 12],
  ] as const) {
    encodeNumber(value, length).copy(block, start);
  }
  block.write(type, 156, 'latin1');
  block.write(magic, 257, 'latin1');
  further.bytes.copy(block, further.start);
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
