import { readFile } from 'node:fs/promises';
import { type Document, isMap, isNode, isPair } from 'yaml';
import { FactoryError, reasonOf } from '../errors/factory-error.ts';
import { dataOf, readYamlDocument } from './yaml-document.ts';

/** The content of a YAML file, with a way to locate its values in the file. */
export interface YamlSource {
  readonly name: string;
  readonly data: unknown;
  /** `file:line:column` of the value at `path`, or of its nearest ancestor that the file has. */
  locate(path: readonly PropertyKey[]): string;
  /** Whether the file has a value at `path`. */
  has(path: readonly PropertyKey[]): boolean;
}

/**
 * Reads a YAML file.
 * @throws FactoryError `usage` when it cannot be read or is not YAML; the message starts with `file:line:column`
 */
export async function readYaml(file: string): Promise<YamlSource> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new FactoryError('CONFIG_UNREADABLE', `${file}: cannot be read: ${reasonOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  });
  return parseYaml(file, text);
}

/** Like {@link readYaml}, for text in memory; `name` is the name of the file in messages. */
export function parseYaml(name: string, text: string): YamlSource {
  const { document, place } = readYamlDocument(name, text, { code: 'CONFIG_INVALID' });
  return {
    name,
    data: dataOf(document, (message) => {
      throw new FactoryError('CONFIG_INVALID', `${place(0)}: ${message}`, {
        remedy: 'Correct the YAML aliases.',
      });
    }),
    locate: (path) => place(offsetOf(document, path)),
    has: (path) => document.hasIn(path),
  };
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  const key = path.at(-1);
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  if (isMap(parent)) {
    // The key, not the value, is what the user has to look at.
    const pair = parent.items.find((item) => isPair(item) && String(item.key) === String(key));
    if (pair && isNode(pair.key) && pair.key.range) return pair.key.range[0];
  }
  const value = path.length > 0 ? document.getIn(path, true) : document.contents;
  if (isNode(value) && value.range) return value.range[0];
  return path.length > 0 ? offsetOf(document, path.slice(0, -1)) : 0;
}
