import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { CLOUD_CONFIG_LIMIT } from '../contract/cloud-config-limit.ts';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { YAML_DIALECT } from './yaml-dialect.ts';

/** Header lines that mark a YAML file as a cloud-config (docs/contract.md 4.1). */
export const HEADERS = ['#cloud-config', '#kairos-config', '#node-config'] as const;
export type Header = (typeof HEADERS)[number];

const HEADER_LINES = 10;

/** Parsed YAML data, not yet validated. */
export type ConfigData = Readonly<Record<string, unknown>>;

/** A parsed cloud-config that can locate its values in the file. */
export interface CloudConfigDocument {
  /** The file, for messages. */
  readonly name: string;
  readonly header: Header;
  readonly data: ConfigData;
  /** `file:line:column` of the key or item at `path`, or of its nearest ancestor that the file has. */
  locate(path: readonly PropertyKey[]): string;
}

/**
 * Whether one of the first ten lines is a header; nodes ignore files without one (docs/contract.md 4.1).
 */
export function looksLikeCloudConfig(text: string): boolean {
  return headerOf(text) !== undefined;
}

/**
 * Parses a cloud-config; an empty document is an empty map (docs/contract.md 4.1, 4.2).
 * @param name the name of the file in messages
 * @throws FactoryError `usage`, with `file:line:column`, when the header is missing, the text exceeds 1 MiB, or it is not
 * a YAML map
 */
export function parseCloudConfig(name: string, text: string): CloudConfigDocument {
  if (Buffer.byteLength(text) > CLOUD_CONFIG_LIMIT) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', `${name}:1:1: the cloud-config is larger than 1 MiB`, {
      remedy: 'Split it into several files.',
    });
  }
  const header = headerOf(text);
  if (!header) {
    throw new FactoryError(
      'CLOUD_CONFIG_INVALID',
      `${name}:1:1: none of the first ten lines is ${HEADERS.join(' or ')}`,
      {
        remedy: `Make ${HEADERS[0]} its first line; without a header, a node ignores the file.`,
      },
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ' '), { ...YAML_DIALECT, lineCounter: lines });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  checkSyntax(document, place);
  return {
    name,
    header,
    data: toData(document, place),
    locate: (path) => place(offsetOf(document, path)),
  };
}

function headerOf(text: string): Header | undefined {
  const start = text.split('\n', HEADER_LINES).map((line) => line.trim());
  return HEADERS.find((header) => start.includes(header));
}

/** Replacements for parser messages that refer to the parser's API. */
const SYNTAX: Readonly<Partial<Record<string, string>>> = {
  MULTIPLE_DOCS: 'a second YAML document starts here',
  RESOURCE_EXHAUSTION: 'this is nested too deeply',
};

/** @throws FactoryError `usage` */
function checkSyntax(document: Document, place: (offset: number) => string): void {
  const fail = (offset: number | undefined, message: string, remedy: string) => {
    throw new FactoryError('CLOUD_CONFIG_INVALID', `${place(offset ?? 0)}: ${message}`, { remedy });
  };
  const broken = document.errors[0];
  if (broken) fail(broken.pos[0], SYNTAX[broken.code] ?? broken.message, 'Correct the YAML syntax.');
  const anchors = new Set<string>();
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) {
        if (anchors.has(node.source)) return;
        fail(node.range?.[0], `alias to an undefined anchor "${node.source}"`, 'Correct the alias.');
      } else if (node.anchor !== undefined) anchors.add(node.anchor);
      const twice = isMap(node) ? firstDuplicate(node) : undefined;
      if (twice) fail(startOf(twice), `duplicate key "${keyOf(twice)}"`, 'Keep one of them.');
    },
    Pair: (_, { key }) => {
      if (!isCollection(key)) return;
      fail(key.range?.[0], 'a map or a list cannot be a key', 'Put a value that begins with "{{" in quotes.');
    },
  });
}

/** The library's own search for duplicate keys is quadratic: it takes a minute for 1 MiB. */
function firstDuplicate(map: YAMLMap): unknown {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const name = keyOf(key);
    if (isScalar(key) && name !== '<<' && seen.has(name)) return key;
    seen.add(name);
  }
  return undefined;
}

/** @throws FactoryError `usage` for anything but a map, and for aliases that expand without bound */
function toData(document: Document, place: (offset: number) => string): ConfigData {
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return {};
  if (!isMap(contents)) {
    throw new FactoryError(
      'CLOUD_CONFIG_INVALID',
      `${place(offsetOf(document, []))}: a cloud-config must be a map`,
      {
        remedy: 'Start with a key, such as "stages:".',
      },
    );
  }
  try {
    return document.toJS() as ConfigData;
  } catch (error) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', `${place(0)}: ${messageOf(error)}`, {
      remedy: 'Use fewer YAML aliases.',
      cause: error,
    });
  }
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let offset = startOf(document.contents) ?? 0;
  let node: unknown = document.contents;
  for (const step of path) {
    const found = child(resolve(document, node), step, document);
    if (!found) return offset;
    offset = found.offset ?? offset;
    node = found.value;
  }
  return offset;
}

interface Child {
  readonly value: unknown;
  readonly offset: number | undefined;
}

/** The location of a map entry is that of its key, which is what the user has to look at. */
function child(node: unknown, step: PropertyKey, document: Document): Child | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(step)];
    return value === undefined ? undefined : { value, offset: startOf(value) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => keyOf(item.key) === String(step));
  if (pair) return { value: pair.value, offset: startOf(pair.key) };
  for (const { key, value } of node.items) {
    if (keyOf(key) !== '<<') continue;
    const merged = resolve(document, value);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const found = child(resolve(document, source), step, document);
      if (found) return found;
    }
  }
  return undefined;
}

/** The name of a key in the data. */
function keyOf(key: unknown): string {
  if (!isScalar(key)) return '';
  return typeof key.value === 'symbol' ? (key.value.description ?? '') : String(key.value);
}

function resolve(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : isPair(node) ? node.value : node;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
