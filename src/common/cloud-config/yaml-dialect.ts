import { isUtf8 } from 'node:buffer';
import type { DocumentOptions, ParseOptions, ScalarTag, SchemaOptions } from 'yaml';

/**
 * Integers as Go's yaml.v3 reads them: `0644` is octal, and `_` may separate digits. A number of which JavaScript would lose
 * digits stays text.
 */
const GO_INT: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?(?:0b[01_]+|0x[0-9a-f_]+|0o?[0-7_]+|[0-9][0-9_]*)$/i,
  resolve: (text) => {
    const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
    const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits.toLowerCase());
    if (!Number.isSafeInteger(value)) return text;
    // An integer has one zero: `-0` is 0, and not JavaScript's negative zero.
    return text.startsWith('-') ? 0 - value : value;
  },
};

/** Floating-point numbers as in Go, where one that is too large, such as `1e400`, is text. */
const GO_FLOAT: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  test: /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?$/i,
  resolve: (text) => (Number.isFinite(Number(text)) ? Number(text) : text),
};

/** Binary content becomes text, as in Go; other bytes are refused, because text of JavaScript cannot hold them. */
const BINARY: ScalarTag = {
  tag: 'tag:yaml.org,2002:binary',
  resolve: (text, onError) => {
    const bytes = Buffer.from(text, 'base64');
    if (!isUtf8(bytes)) onError('!!binary is not UTF-8 text here: use "encoding: b64" instead');
    return bytes.toString('utf8');
  },
};

/**
 * The YAML dialect of cloud-configs: YAML 1.2, in which `yes` and `on` are strings, with the merge keys and octal numbers
 * that existing configurations rely on (docs/contract.md 4.2: upstream's readers use Go's yaml.v3).
 */
export const YAML_DIALECT = {
  merge: true,
  uniqueKeys: false,
  resolveKnownTags: false,
  customTags: (tags) => [GO_INT, GO_FLOAT, BINARY, ...tags],
  prettyErrors: false,
  logLevel: 'error',
} as const satisfies ParseOptions & DocumentOptions & SchemaOptions;
