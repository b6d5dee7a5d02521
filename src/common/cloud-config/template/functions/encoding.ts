import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { messageOf } from '../../../errors/factory-error.ts';
import { yamlData } from '../../../text/yaml-document.ts';
import { YAML_DIALECT } from '../../yaml-dialect.ts';
import { type FunctionContext, fixed, type TemplateFunction } from '../function.ts';
import { any, string } from '../param.ts';
import { isDict, isList, sortedKeys, toValue, type Value } from '../value.ts';

/** Sprig, "Encoding Functions" and "Cryptographic and Security Functions"; Helm for YAML. */
export const ENCODING_FUNCTIONS: readonly TemplateFunction[] = [
  fixed('b64enc', 'the text encoded as Base64', [string], ([value]) => Buffer.from(value).toString('base64')),
  fixed('b64dec', 'the text decoded from Base64', [string], ([value], { fail }) => {
    if (
      !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value.replace(/[\r\n]/g, ''))
    ) {
      return fail('the text is not Base64');
    }
    return Buffer.from(value, 'base64').toString('utf8');
  }),
  hash('sha512sum', 'sha512'),
  hash('sha256sum', 'sha256'),
  hash('sha1sum', 'sha1'),
  hash('md5sum', 'md5'),
  fixed('adler32sum', 'Adler-32 checksum of the text, as a decimal number', [string], ([value]) =>
    adler32(value),
  ),
  fixed('toJson', 'the value as JSON', [any], ([value], context) => json(value, context)),
  fixed('toPrettyJson', 'the value as JSON on several lines', [any], ([value], context) =>
    json(value, context, 2),
  ),
  fixed('toRawJson', 'the value as JSON, with <, > and & unescaped', [any], ([value], context) =>
    JSON.stringify(plain(value, context, 0)),
  ),
  fixed('fromJson', 'the value parsed from JSON; nil if the text is not JSON', [string], ([value]) => {
    try {
      return toValue(JSON.parse(value));
    } catch {
      return null;
    }
  }),
  fixed('toYaml', 'the value as YAML', [any], ([value], context) =>
    stringify(plain(value, context, 0), {
      lineWidth: 0,
      aliasDuplicateObjects: false,
      indentSeq: false,
    }).trimEnd(),
  ),
  fixed('fromYaml', 'the value parsed from YAML', [string], ([value], { fail }) => {
    try {
      return toValue(
        yamlData('text', value, { code: 'TEMPLATE_INVALID', dialect: YAML_DIALECT, firstOnly: true }),
      );
    } catch (error) {
      return fail(`the text is not YAML: ${messageOf(error)}`);
    }
  }),
];

function hash(name: string, algorithm: string): TemplateFunction {
  return fixed(
    name,
    `${algorithm.toUpperCase().replace('SHA', 'SHA-')} digest of the text, in hexadecimal`,
    [string],
    ([value]) => createHash(algorithm).update(value).digest('hex'),
  );
}

function adler32(value: string): string {
  let a = 1;
  let b = 0;
  for (const byte of Buffer.from(value)) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return String(b * 65536 + a);
}

/** Go escapes the characters that are special in HTML. */
function json(value: Value, context: FunctionContext, indent?: number): string {
  const text = JSON.stringify(plain(value, context, 0), null, indent);
  return text.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Converts a value to plain data with sorted keys. */
function plain(value: Value, context: FunctionContext, depth: number): unknown {
  if (depth > 100) return context.fail('a value is nested more than 100 deep');
  context.grow(typeof value === 'string' ? value.length : 1);
  if (isList(value)) return value.map((item) => plain(item, context, depth + 1));
  if (!isDict(value)) return value ?? null;
  const keys = sortedKeys(value);
  return Object.fromEntries(keys.map((key) => [key, plain(value.get(key), context, depth + 1)]));
}
