import {
  Composer,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import type { ErrorCode } from '../errors/error-codes.ts';
import { FactoryError, messageOf } from '../errors/factory-error.ts';

type ComposerOptions = ConstructorParameters<typeof Composer>[0];

/** How a YAML file is read. */
export interface YamlReading {
  /** The code of the error for text that cannot be used. */
  readonly code: ErrorCode;
  /** The dialect; YAML 1.2 by default. */
  readonly dialect?: ComposerOptions;
  /** Accept text after the first document, without reading it, as Go's yaml.v3 does. */
  readonly firstOnly?: boolean;
}

/** The first document of a YAML file. It has no cycles, no duplicate keys, and no maps or lists as keys. */
export interface YamlDocument {
  readonly document: Document.Parsed;
  /** `file:line:column` of an offset. */
  place(offset: number): string;
  /** Offset of a second document with content. */
  readonly second: number | undefined;
}

/**
 * Reads the first YAML document of a text and checks its structure, so that converting it to data takes linear time and gives
 * a tree.
 * @param name the name of the file in messages
 * @throws FactoryError with the given code and `file:line:column`
 */
export function readYamlDocument(
  name: string,
  text: string,
  { code, dialect = {}, firstOnly = false }: YamlReading,
): YamlDocument {
  const lines = new LineCounter();
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  // The library's own search for duplicate keys is quadratic: it takes a minute for 1 MiB.
  const composer = new Composer({ ...dialect, uniqueKeys: false });
  const documents = composer.compose(new Parser(lines.addNewLine).parse(text), true, text.length);
  const document: Document.Parsed = documents.next().value ?? parseDocument('');
  const next = documents.next().value;
  const second = next && hasContent(next) ? next.range[0] : undefined;
  const fail = (offset: number, message: string, remedy: string): never => {
    throw new FactoryError(code, `${place(offset)}: ${message}`, { remedy });
  };
  checkDocument(document, fail);
  if (next && !firstOnly) fail(next.range[0], 'a second YAML document starts here', 'Keep one document.');
  return { document, place, second };
}

/**
 * The data of the first YAML document of a text.
 * @param name the name of the text in messages
 * @throws FactoryError with the given code, also for aliases that expand without bound
 */
export function yamlData(name: string, text: string, reading: YamlReading): unknown {
  const { document, place } = readYamlDocument(name, text, reading);
  return dataOf(document, (message) => {
    throw new FactoryError(reading.code, `${place(0)}: ${message}`, { remedy: 'Use fewer YAML aliases.' });
  });
}

/** Converts a document to data. @param fail called for aliases that expand without bound */
export function dataOf(document: Document.Parsed, fail: (message: string) => never): unknown {
  try {
    return document.toJS() as unknown;
  } catch (error) {
    return fail(messageOf(error));
  }
}

function hasContent({ contents, errors }: Document.Parsed): boolean {
  return errors.length > 0 || (contents !== null && !(isScalar(contents) && contents.value === null));
}

/** Replacements for parser messages that refer to the parser's API. */
const SYNTAX: Readonly<Partial<Record<string, string>>> = {
  RESOURCE_EXHAUSTION: 'this is nested too deeply',
  BLOCK_AS_IMPLICIT_KEY:
    'a second key begins on this line; put text with a colon in quotes, such as "bootstrap:"',
};

type Fail = (offset: number, message: string, remedy: string) => never;

function checkDocument(document: Document.Parsed, fail: Fail): void {
  const broken = document.errors[0];
  if (broken) fail(broken.pos[0], SYNTAX[broken.code] ?? broken.message, 'Correct the YAML syntax.');
  const anchors = new Map<string, Node>();
  visit(document, {
    Node: (_, node, ancestors) => {
      const at = node.range?.[0] ?? 0;
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (!target) fail(at, `alias to an undefined anchor "${node.source}"`, 'Correct the alias.');
        if (target && ancestors.includes(target))
          fail(at, `the value of the anchor "${node.source}" contains itself`, 'Correct the alias.');
        return;
      }
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      const twice = isMap(node) ? firstDuplicate(node) : undefined;
      if (isScalar(twice))
        fail(twice.range?.[0] ?? at, `duplicate key "${keyName(twice)}"`, 'Keep one of them.');
    },
    Pair: (_, { key }) => {
      if (!isCollection(key)) return;
      fail(
        key.range?.[0] ?? 0,
        'a map or a list cannot be a key',
        'Put a value that begins with "{{" in quotes.',
      );
    },
  });
}

function firstDuplicate(map: YAMLMap): unknown {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const name = keyName(key);
    if (isScalar(key) && name !== '<<' && seen.has(name)) return key;
    seen.add(name);
  }
  return undefined;
}

/** The name of a key in the data. */
export function keyName(key: unknown): string {
  if (!isScalar(key)) return '';
  return typeof key.value === 'symbol' ? (key.value.description ?? '') : String(key.value);
}
