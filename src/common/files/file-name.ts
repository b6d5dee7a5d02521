import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';

/** Lone surrogates for the bytes 0x80 to 0xff. With the flag `u`, half of a surrogate pair does not match. */
const ESCAPED = /[\udc80-\udcff]/gu;

/**
 * Decodes a file name. Bytes that are not UTF-8 become lone surrogates U+DC80 to U+DCFF, as in Python (PEP 383), so that
 * different names are different texts. {@link encodeFileName} restores the bytes.
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

/** Encodes a file name that {@link decodeFileName} decoded. */
export function encodeFileName(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts = [...text].map((char) => {
    const code = char.codePointAt(0) ?? 0;
    return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(char);
  });
  return Buffer.concat(parts);
}

/**
 * Returns the host path of a file in a tree, for functions of the file system: a text, or bytes if it is not UTF-8.
 * @param path relative path, decoded by {@link decodeFileName}
 */
export function placeIn(root: string, path: string): string | Buffer {
  const place = join(root, path);
  return path.isWellFormed() ? place : encodeFileName(place);
}

/** Makes a file name safe for a terminal: control characters and bytes that are not UTF-8 are shown as `\xHH`. */
export function printableFileName(text: string): string {
  const hex = (code: number) => `\\x${code.toString(16).padStart(2, '0')}`;
  return text
    .replace(ESCAPED, (char) => hex(char.charCodeAt(0) - 0xdc00))
    .replace(/\p{Cc}/gu, (char) => hex(char.charCodeAt(0)));
}
