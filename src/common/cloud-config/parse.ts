import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, visit } from 'yaml';
import { CLOUD_CONFIG_LIMIT } from '../contract/cloud-config-limit.ts';
import { FactoryError } from '../errors/factory-error.ts';
import { dataOf, keyName, readYamlDocument } from '../text/yaml-document.ts';
import { expandDottedKeys } from './expand-dotted-keys.ts';
import type { Problem } from './problems.ts';
import { requireText } from './require-text.ts';
import { CloudConfig } from './schema.ts';
import { typedData, type WrittenData } from './typed-data.ts';
import { YAML_DIALECT } from './yaml-dialect.ts';

/** Header lines that mark a YAML file as a cloud-config (docs/contract.md 4.1). */
export const HEADERS = ['#cloud-config', '#kairos-config', '#node-config'] as const;
export type Header = (typeof HEADERS)[number];

const HEADER_LINES = 10;

/** Parsed YAML data, not yet validated. */
export type ConfigData = Readonly<Record<string, unknown>>;

/** A parsed configuration that can locate its values in the file. */
export interface ConfigDocument {
  /** The file, for messages. */
  readonly name: string;
  /** Absent in a file that has steps only. */
  readonly header?: Header;
  /** In the types of the schema, where its scalars allow that. */
  readonly data: ConfigData;
  /** Scalars that were read as text, without being written as text. */
  readonly retyped: readonly Problem[];
  /** `file:line:column` of a second YAML document, which nobody reads. */
  readonly second?: string;
  /** `file:line:column` of the key or item at `path`, or of its nearest ancestor that the file has. */
  locate(path: readonly PropertyKey[]): string;
}

/** A configuration with a header. */
export interface CloudConfigDocument extends ConfigDocument {
  readonly header: Header;
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
 * UTF-8 or not a YAML map
 */
export function parseCloudConfig(name: string, text: string): CloudConfigDocument {
  const { header, ...document } = parseConfig(name, text);
  if (header !== undefined) return { ...document, header };
  throw new FactoryError(
    'CLOUD_CONFIG_INVALID',
    `${name}:1:1: none of the first ten lines is ${HEADERS.join(' or ')}`,
    {
      remedy: `Make ${HEADERS[0]} its first line; of a file without a header, a node runs only the stages.`,
    },
  );
}

/**
 * Parses a file for its steps: of a file without a header, only `name` and `stages` count (docs/contract.md 4.1).
 * @throws FactoryError as {@link parseCloudConfig} does, but not for a missing header
 */
export function parseStageFile(name: string, text: string): ConfigDocument {
  const document = parseConfig(name, text);
  return document.header === undefined ? { ...document, data: onlySteps(document.data) } : document;
}

/** What counts in a file without a header. */
export function onlySteps({ name, stages }: ConfigData): ConfigData {
  return { ...(name === undefined ? {} : { name }), ...(stages === undefined ? {} : { stages }) };
}

/**
 * Parses a configuration, with or without a header.
 * @throws FactoryError as {@link parseCloudConfig} does, but not for a missing header
 */
export function parseConfig(name: string, text: string): ConfigDocument {
  if (Buffer.byteLength(text) > CLOUD_CONFIG_LIMIT) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', `${name}:1:1: the cloud-config is larger than 1 MiB`, {
      remedy: 'Split it into several files.',
    });
  }
  requireText(name, text);
  const header = headerOf(text);
  const { document, place, second } = readYamlDocument(name, text.replace(/^\uFEFF/, ' '), {
    code: 'CLOUD_CONFIG_INVALID',
    dialect: YAML_DIALECT,
    firstOnly: true,
  });
  const { data, retyped } = typedData(CloudConfig, undotted(writtenData(document, place)));
  return {
    name,
    data: data as ConfigData,
    retyped,
    locate: (path) => place(offsetOf(document, path)),
    ...(header === undefined ? {} : { header }),
    ...(second === undefined ? {} : { second: place(second) }),
  };
}

/** Expands dotted keys in both forms of the data, which have the same keys. */
function undotted({ data, texts }: WrittenData): WrittenData {
  return { data: expandDottedKeys(data), texts: expandDottedKeys(texts) };
}

/** The data, and the same with the source text of numbers and truth values. Keys are always text, as in Go's maps. */
function writtenData(document: Document.Parsed, place: (offset: number) => string): WrittenData {
  const restore = (node: unknown) => {
    const isTyped = isScalar(node) && ['number', 'boolean', 'bigint'].includes(typeof node.value);
    if (isTyped && node.source !== undefined) node.value = node.source;
  };
  visit(document, { Pair: (_, { key }) => restore(key) });
  const data = toData(document, place);
  visit(document, { Scalar: (_, scalar) => restore(scalar) });
  return { data, texts: toData(document, place) };
}

function headerOf(text: string): Header | undefined {
  const start = text.split('\n', HEADER_LINES).map((line) => line.trim());
  return HEADERS.find((header) => start.includes(header));
}

/** @throws FactoryError `usage` for anything but a map, and for aliases that expand without bound */
function toData(document: Document.Parsed, place: (offset: number) => string): ConfigData {
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
  return dataOf(document, (message) => {
    throw new FactoryError('CLOUD_CONFIG_INVALID', `${place(0)}: ${message}`, {
      remedy: 'Use fewer YAML aliases.',
    });
  }) as ConfigData;
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let offset = startOf(document.contents) ?? 0;
  let node: unknown = document.contents;
  for (let index = 0; index < path.length; ) {
    const { found, steps } = descend(resolve(document, node), path.slice(index), document);
    if (!found) return offset;
    offset = found.offset ?? offset;
    node = found.value;
    index += steps;
  }
  return offset;
}

/** Finds the next key of a path, which may be one that several steps are written into, with dots. */
function descend(node: unknown, path: readonly PropertyKey[], document: Document) {
  for (let steps = 1; steps <= path.length; steps += 1) {
    const found = child(node, path.slice(0, steps).join('.'), document);
    if (found) return { found, steps };
  }
  return { found: undefined, steps: 1 };
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
  const pair = node.items.find((item) => keyName(item.key) === String(step));
  if (pair) return { value: pair.value, offset: startOf(pair.key) };
  for (const { key, value } of node.items) {
    if (keyName(key) !== '<<') continue;
    const merged = resolve(document, value);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const found = child(resolve(document, source), step, document);
      if (found) return found;
    }
  }
  return undefined;
}

function resolve(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : isPair(node) ? node.value : node;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
