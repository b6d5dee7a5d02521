import { checksum, naturalAt, numberAt, untilNul } from './header-fields.ts';
import { MalformedTar } from './malformed.ts';
import type { TarMember } from './member.ts';

/** The content of a header block, without extended headers. */
export type PlainHeader = Omit<TarMember, 'sparse' | 'records'>;

/**
 * Parses a header block in v7, ustar or GNU format.
 * @throws MalformedTar when it is not a header
 */
export function parseHeader(block: Buffer): PlainHeader {
  if (!hasChecksum(block)) throw new MalformedTar('it is not a tar archive, or a checksum is wrong');
  const text = (start: number, length: number) => untilNul(block.subarray(start, start + length));
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(345, 155) : '';
  const flag = block[156] === 0 ? '0' : block.toString('latin1', 156, 157);
  return {
    name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    // 7 is a contiguous file.
    type: flag === '7' ? '0' : flag,
    linkName: text(157, 100),
    mode: numberAt(block, 100, 8) & 0o7777,
    uid: naturalAt(block, 108, 8),
    gid: naturalAt(block, 116, 8),
    size: naturalAt(block, 124, 12),
    modified: String(numberAt(block, 136, 12)),
    device: '34'.includes(flag) ? [naturalAt(block, 329, 8), naturalAt(block, 337, 8)] : [0, 0],
  };
}

function hasChecksum(block: Buffer): boolean {
  const field = untilNul(block.subarray(148, 156)).trim();
  return /^[0-7]+$/.test(field) && Number.parseInt(field, 8) === checksum(block);
}
