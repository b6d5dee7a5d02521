import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './factory.ts';

/** The keys below a path of a schema that a source file reads. */
export interface Reader {
  /** The parent path of the keys: `''` for the top level, `*` for the items of a list or a free map. */
  readonly below: string;
  /** Keys, with further keys after a dot; `''` for the value at `below` itself. */
  readonly keys: readonly string[];
  /** The file, below `src`. */
  readonly file: string;
}

/** Each key of a table, as a path from the top level, with its reader. */
export function readKeys(readers: readonly Reader[]): { readonly leaf: string; readonly file: string }[] {
  return readers.flatMap(({ below, keys, file }) =>
    keys.map((key) => ({ leaf: [below, key].filter(Boolean).join('.'), file })),
  );
}

/** Whether the code of a file, without its comments, contains the name of a key, as it is or in camel case. */
export function readsKey(file: string, leaf: string): boolean {
  const text = readFileSync(join(PROJECT, 'src', file), 'utf8');
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
  const key = leaf.split('.').findLast((part) => part !== '*') ?? '';
  const camel = key.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return [key, camel].some((name) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(code));
}
