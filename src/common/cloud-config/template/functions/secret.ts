import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  generateKeyPairSync,
  randomBytes,
  randomInt,
  scryptSync,
} from 'node:crypto';
import { decodeBase32, encodeBase32 } from '../base32.ts';
import { type FunctionContext, fixed, type TemplateFunction } from '../function.ts';
import { int, string, whole } from '../param.ts';
import { CHARACTERS, PASSWORD_FORMS, PASSWORD_SEED } from '../password-forms.ts';

/** Sprig, "Cryptographic and Security Functions". */
export const SECRET_FUNCTIONS: readonly TemplateFunction[] = [
  fixed('b32enc', 'the text encoded as Base32', [string], ([value]) => encodeBase32(Buffer.from(value))),
  fixed('b32dec', 'the text decoded from Base32', [string], ([value], { fail }) => {
    const bytes = decodeBase32(value);
    return bytes === undefined ? fail('the text is not Base32') : bytes.toString('utf8');
  }),
  fixed('randBytes', 'that many random bytes, as Base64', [int], ([count], context) =>
    randomBytes(counted(count, context)).toString('base64'),
  ),
  fixed('randAscii', 'that many random printable characters', [whole], ([count], context) =>
    // Codes 32 to 126 are printable.
    String.fromCharCode(...Array.from({ length: counted(count, context) }, () => randomInt(32, 127))),
  ),
  fixed(
    'derivePassword',
    'a password made from a counter, a form, a password, a user and a site (Master Password)',
    [int, string, string, string, string],
    ([counter, form, password, user, site], context) =>
      derived({ counter, form, password, user, site }, context),
  ),
  fixed(
    'encryptAES',
    'the second text encrypted with the first as password (AES-256-CBC), as Base64',
    [string, string],
    ([password, value]) => {
      if (value === '') return '';
      const start = randomBytes(16);
      const cipher = createCipheriv('aes-256-cbc', aesKey(password), start);
      return Buffer.concat([start, cipher.update(value), cipher.final()]).toString('base64');
    },
  ),
  fixed(
    'decryptAES',
    'the text that encryptAES has encrypted',
    [string, string],
    ([password, value], { fail }) => {
      if (value === '') return '';
      const bytes = Buffer.from(value, 'base64');
      try {
        const cipher = createDecipheriv('aes-256-cbc', aesKey(password), bytes.subarray(0, 16));
        return Buffer.concat([cipher.update(bytes.subarray(16)), cipher.final()]).toString('utf8');
      } catch {
        return fail('the text cannot be decrypted with this password');
      }
    },
  ),
  fixed('genPrivateKey', 'a new private key as PEM: rsa, ecdsa or ed25519', [string], ([kind], context) => {
    context.grow(1_000_000);
    return privateKey(kind, context);
  }),
];

function counted(count: number, { fail, grow }: FunctionContext): number {
  if (count < 0) return fail('cannot produce fewer than 0 characters');
  // A random number costs far more than a character.
  grow(count * 64);
  return count;
}

/** The password itself is the key, cut or filled with zeros. */
function aesKey(password: string): Buffer {
  return Buffer.concat([Buffer.from(password), Buffer.alloc(32)]).subarray(0, 32);
}

function privateKey(kind: string, { fail }: FunctionContext): string {
  switch (kind) {
    case '':
    case 'rsa': {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 });
      return privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    }
    case 'ecdsa': {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return privateKey.export({ type: 'sec1', format: 'pem' }).toString();
    }
    case 'ed25519': {
      const { privateKey } = generateKeyPairSync('ed25519');
      return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    }
    default:
      return fail(`"${kind}" is not a supported kind of key: use rsa, ecdsa or ed25519`);
  }
}

interface Derivation {
  readonly counter: number;
  readonly form: string;
  readonly password: string;
  readonly user: string;
  readonly site: string;
}

function derived(
  { counter, form, password, user, site }: Derivation,
  { fail, grow }: FunctionContext,
): string {
  const forms = Object.hasOwn(PASSWORD_FORMS, form) ? (PASSWORD_FORMS[form] ?? []) : [];
  if (forms.length === 0)
    return fail(`"${form}" is not a form of passwords: use ${Object.keys(PASSWORD_FORMS).join(', ')}`);
  // scrypt takes a tenth of a second.
  grow(1_000_000);
  const salt = Buffer.concat([Buffer.from(PASSWORD_SEED), length(user), Buffer.from(user)]);
  const key = scryptSync(password, salt, 64, { N: 32768, r: 8, p: 2, maxmem: 128 * 1024 * 1024 });
  const seed = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(PASSWORD_SEED), length(site), Buffer.from(site), word(counter)]))
    .digest();
  const chosen = forms[(seed[0] ?? 0) % forms.length] ?? '';
  return [...chosen]
    .map((kind, index) => {
      const characters = CHARACTERS[kind] ?? '';
      return characters.charAt((seed[index + 1] ?? 0) % characters.length);
    })
    .join('');
}

function length(text: string): Buffer {
  return word(Buffer.byteLength(text));
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
