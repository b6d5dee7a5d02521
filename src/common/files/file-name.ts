import { isUtf8 } from 'node:buffer';

/** Lone surrogates that stand for the bytes 0x80 to 0xff. With the flag `u` no half of a pair matches. */
const ESCAPED = /[\udc80-\udcff]/gu;

/**
 * A file name as text. Bytes that are not UTF-8 become lone surrogates U+DC80 to U+DCFF, as in Python (PEP 383), so that
 * two names are never the same text. {@link encodeFileName} gives the bytes back.
 */
export function decodeFileName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const length = [1, 2, 3, 4].find((size) => isUtf8(bytes.subarray(start, start + size)));
    const part = bytes.subarray(start, start + (length ?? 1));
    parts.push(length === undefined ? String.fromCharCode(0xdc00 + (part[0] ?? 0)) : part.toString('utf8'));
    start += part.length;
  }
  return parts.join('');
}

/** The bytes of a file name that {@link decodeFileName} made into text. */
export function encodeFileName(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts = [...text].map((char) => {
    const code = char.codePointAt(0) ?? 0;
    return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(char);
  });
  return Buffer.concat(parts);
}

/** A file name for a line on a terminal: control characters, and bytes that are not UTF-8, are shown as `\xHH`. */
export function printableFileName(text: string): string {
  const hex = (code: number) => `\\x${code.toString(16).padStart(2, '0')}`;
  return text
    .replace(ESCAPED, (char) => hex(char.charCodeAt(0) - 0xdc00))
    .replace(/\p{Cc}/gu, (char) => hex(char.charCodeAt(0)));
}
