/** The alphabet of Base32 (RFC 4648, section 6). */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Encodes bytes as Base32 with padding. */
export function encodeBase32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = (bits.match(/.{1,5}/g) ?? []).map((group) =>
    ALPHABET.charAt(Number.parseInt(group.padEnd(5, '0'), 2)),
  );
  return digits.join('').padEnd(Math.ceil(digits.length / 8) * 8, '=');
}

/** Decodes Base32; `undefined` for other text. */
export function decodeBase32(text: string): Buffer | undefined {
  const packed = text.replace(/[\r\n]/g, '');
  if (packed.length % 8 !== 0 || !/^[A-Z2-7]*(?:={1}|={3}|={4}|={6})?$/.test(packed)) return undefined;
  const bits = Array.from(packed.replace(/=+$/, ''), (digit) =>
    ALPHABET.indexOf(digit).toString(2).padStart(5, '0'),
  ).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
