import { createHash, randomBytes } from 'node:crypto';

/** The digits of crypt(5), by value. */
const DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SALT_LENGTH = 16;
const ROUNDS = { default: 5000, min: 1000, max: 999_999_999 };
/** Bytes of the digest. */
const SIZE = 64;

/** A new salt for {@link sha512Crypt}: 96 random bits. */
export function newSalt(): string {
  return Array.from(randomBytes(SALT_LENGTH), (byte) => DIGITS.charAt(byte & 63)).join('');
}

/**
 * Hashes a password as `$6$salt$digest` of shadow(5), according to "Unix crypt using SHA-256 and SHA-512" by Ulrich
 * Drepper, version 0.6. The numbers in comments are the steps of that specification.
 *
 * @param setting a salt, or a complete hash to compare with, including `$6$rounds=N$salt$…`
 */
export function sha512Crypt(password: string, setting: string): string {
  const { salt, rounds, explicit } = parseSetting(setting);
  const key = Buffer.from(password);
  const saltBytes = Buffer.from(salt);
  const digest = stretch(firstDigest(key, saltBytes), { key, salt: saltBytes, rounds });
  return `$6$${explicit ? `rounds=${rounds}$` : ''}${salt}$${encode(digest)}`;
}

function parseSetting(setting: string): { salt: string; rounds: number; explicit: boolean } {
  const [, given, rest = ''] = /^(?:\$6\$)?(?:rounds=(\d+)\$)?(.*)$/s.exec(setting) ?? [];
  const salt = Buffer.from(rest.split('$')[0] ?? '')
    .subarray(0, SALT_LENGTH)
    .toString();
  if (given === undefined) return { salt, rounds: ROUNDS.default, explicit: false };
  return { salt, rounds: Math.min(Math.max(Number(given), ROUNDS.min), ROUNDS.max), explicit: true };
}

/** Steps 1 to 12. */
function firstDigest(key: Buffer, salt: Buffer): Buffer {
  const other = sha512(key, salt, key); // 4 to 8
  const parts = [key, salt, repeat(other, key.length)]; // 2, 3, 9, 10
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? other : key); // 11
  return sha512(...parts);
}

/** Steps 13 to 21. */
function stretch(
  first: Buffer,
  { key, salt, rounds }: { readonly key: Buffer; readonly salt: Buffer; readonly rounds: number },
): Buffer {
  const p = repeat(sha512(...Array<Buffer>(key.length).fill(key)), key.length); // 13 to 16
  const saltTimes = 16 + (first[0] ?? 0);
  const s = repeat(sha512(...Array<Buffer>(saltTimes).fill(salt)), salt.length); // 17 to 20
  let digest = first;
  for (let round = 0; round < rounds; round++) {
    const odd = round % 2 === 1;
    digest = sha512(
      odd ? p : digest,
      ...(round % 3 === 0 ? [] : [s]),
      ...(round % 7 === 0 ? [] : [p]),
      odd ? digest : p,
    );
  }
  return digest;
}

/** Step 22: three bytes become four digits; each triple takes one byte from each third of the digest, rotating. */
function encode(digest: Buffer): string {
  const at = (index: number) => digest[index] ?? 0;
  const third = (SIZE - 1) / 3;
  let text = '';
  for (let index = 0; index < third; index++) {
    const three = [index, index + third, index + 2 * third];
    const [high = 0, middle = 0, low = 0] = three.map((_, place) => at(three[(place + index) % 3] ?? 0));
    text += digits((high << 16) | (middle << 8) | low, 4);
  }
  return text + digits(at(SIZE - 1), 2);
}

/** Encodes a value, lowest six bits first. */
function digits(value: number, count: number): string {
  return Array.from({ length: count }, (_, place) => DIGITS.charAt((value >> (6 * place)) & 63)).join('');
}

function repeat(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, length === 0 ? undefined : digest);
}

function sha512(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
