import type { DocumentOptions, ParseOptions, ScalarTag, SchemaOptions } from 'yaml';

/** Whole numbers as Go's yaml.v3 reads them: `0644` is octal, and `_` may group digits. */
const GO_INT: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?(?:0b[01_]+|0x[0-9a-f_]+|0o?[0-7_]+|[0-9][0-9_]*)$/i,
  resolve: (text) => {
    const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
    const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits.toLowerCase());
    return text.startsWith('-') ? -value : value;
  },
};

/** Binary content becomes text, as it does in Go. */
const BINARY: ScalarTag = {
  tag: 'tag:yaml.org,2002:binary',
  resolve: (text) => Buffer.from(text, 'base64').toString('utf8'),
};

/**
 * How cloud-configs are read: YAML 1.2, in which `yes` and `on` are words, with the merge keys and the octal numbers that
 * the field's configurations rely on (docs/contract.md 4.2: its readers are written in Go, with yaml.v3).
 */
export const YAML_DIALECT = {
  merge: true,
  uniqueKeys: false,
  resolveKnownTags: false,
  customTags: (tags) => [GO_INT, BINARY, ...tags],
  prettyErrors: false,
  logLevel: 'error',
} as const satisfies ParseOptions & DocumentOptions & SchemaOptions;
