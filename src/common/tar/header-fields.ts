import { MalformedTar } from './malformed.ts';

/** Returns the checksum of a header, in which the checksum field counts as spaces (POSIX.1-2024, "ustar Interchange Format"). */
export function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (const byte of block) sum += byte;
  for (const byte of block.subarray(148, 156)) sum -= byte;
  return sum;
}

/**
 * Reads an octal number, or a base-256 number if its first bit is set (GNU tar manual, "Basic Tar Format").
 * @throws MalformedTar for any other content
 */
export function numberAt(block: Buffer, start: number, length: number): number {
  const field = block.subarray(start, start + length);
  if ((field[0] ?? 0) & 0x80) {
    const value = Number(BigInt.asIntN(length * 8 - 1, BigInt(`0x${field.toString('hex')}`)));
    if (!Number.isSafeInteger(value)) throw new MalformedTar('a number is too large');
    return value;
  }
  const octal = untilNul(field).trim();
  if (octal === '') return 0;
  if (!/^[0-7]+$/.test(octal)) throw new MalformedTar('a number is malformed');
  return Number.parseInt(octal, 8);
}

/** Encodes a number for {@link numberAt}: as octal digits if they fit, else in base 256. */
export function encodeNumber(value: number, length: number): Buffer {
  const octal = value.toString(8);
  if (octal.length < length) return Buffer.from(`${octal.padStart(length - 1, '0')}\0`, 'latin1');
  const field = Buffer.alloc(length);
  field.writeBigUInt64BE(BigInt(value), length - 8);
  field.writeUInt8(0x80, 0);
  return field;
}

/** Like {@link numberAt}, for numbers that must not be negative. */
export function naturalAt(block: Buffer, start: number, length: number): number {
  const value = numberAt(block, start, length);
  if (value < 0) throw new MalformedTar('a number is negative');
  return value;
}

/** Parses a decimal number in an extended header. @throws MalformedTar when it is negative or too large to be exact */
export function decimal(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new MalformedTar('a number is malformed');
  return value;
}

/** Returns the bytes of a field up to its first NUL, one per character. */
export function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}
