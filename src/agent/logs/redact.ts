import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

const MASK = '***';
/** Names of settings that hold secrets, unless PUBLIC matches. */
const SECRET =
  /pass(wd|word|phrase|code)?$|token|secret|credential|(^|[-_.])auth$|(^|[-_.])key$|private.?key|(api|access|encryption).?key/i;
const PUBLIC = /public|authorized|lock_?passwd|keyfile$|_?key_?path$/i;
/** Secrets that are recognizable by their form. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(-----END \1-----|$)/g, `-----BEGIN $1-----${MASK}`],
  // Password hashes (crypt(5)).
  [/\$(?:1|2[abxy]?|5|6|7|y|gy|sm3|md5|sha1|argon2\w*)\$[^\s:"',;]+/g, MASK],
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@"']*:)[^\s/@"']+@/gi, `$1${MASK}@`],
  [/(\bauthorization["']?\s*[:=]\s*["']?(?:basic|bearer)\s+)[^\s"',;]+/gi, `$1${MASK}`],
];
/**
 * The name in `--name value`, `name=value` and `name: value`. Anyone on the node can log a line, so the patterns take linear
 * time: a look-behind over the spaces would be quadratic.
 */
const NAME = /(?<![\w.-])(?:--([\w.-]+)["']?(?:\s*[:=]\s*|\s+)|([\w.-]+)["']?\s*[:=]\s*)/g;
/** The value after the name, quoted or not. */
const VALUE = /"[^"\n]*"|'[^'\n]*'|[^\s"',;&]+/y;

/** Whether a setting with this name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name) && !PUBLIC.test(name);
}

/** Masks everything in a text, such as a log, that looks like a secret. */
export function redactText(text: string): string {
  const masked = PATTERNS.reduce((result, [pattern, by]) => result.replaceAll(pattern, by), text);
  let shown = '';
  let done = 0;
  for (const match of masked.matchAll(NAME)) {
    const end = match.index + match[0].length;
    if (match.index < done || !isSecretName(match[1] ?? match[2] ?? '')) continue;
    VALUE.lastIndex = end;
    const value = VALUE.exec(masked)?.[0];
    if (value === undefined) continue;
    shown += `${masked.slice(done, end)}${MASK}`;
    done = end + value.length;
  }
  return shown + masked.slice(done);
}

/**
 * Masks the secrets of a configuration, keeping comments and order: all values below a key with a secret name, and
 * everything in other text that looks like a secret. Encoded content is masked completely, and a file that is not valid YAML
 * is replaced by a comment.
 */
export function redactConfig(text: string): string {
  const document = parseDocument(text, { uniqueKeys: false });
  if (document.errors.length > 0)
    return `# not valid YAML: omitted, because secrets in it cannot be recognized\n`;
  visit(document, {
    Pair: (_, { key, value }) => {
      if (isSecretName(isScalar(key) ? String(key.value) : '')) maskAll(value);
    },
    Node: (_, node) => {
      redactComments(node);
      if (isMap(node)) maskEncoded(node);
      else if (isSeq(node)) maskArguments(node);
      else if (isText(node)) node.value = redactText(node.value);
    },
  });
  redactComments(document);
  return document.toString();
}

function redactComments(node: { comment?: string | null; commentBefore?: string | null }): void {
  if (node.comment) node.comment = redactText(node.comment);
  if (node.commentBefore) node.commentBefore = redactText(node.commentBefore);
}

/** Masks the encoded content of files, in which no pattern could find a secret. */
function maskEncoded(map: YAMLMap): void {
  const encoding = map.get('encoding');
  if (encoding !== undefined && encoding !== '' && map.has('content')) map.set('content', MASK);
}

/** Masks program arguments that follow a flag with a secret name. */
function maskArguments({ items }: YAMLSeq): void {
  items.forEach((item, index) => {
    const flag = items[index - 1];
    if (isText(item) && isText(flag) && /^--[\w-]+$/.test(flag.value) && isSecretName(flag.value)) {
      item.value = MASK;
    }
  });
}

function isText(node: unknown): node is Scalar<string> {
  return isScalar(node) && typeof node.value === 'string';
}

function maskAll(value: unknown): void {
  if (!isNode(value)) return;
  visit(value, {
    Scalar: (key, scalar) => {
      // Booleans and null are harmless and show whether a key is set.
      if (key !== 'key' && scalar.value !== null && typeof scalar.value !== 'boolean') scalar.value = MASK;
    },
  });
}
