import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ContextEntry } from './context-tar.ts';

/** A context entry with the given content. */
export const text = (path: string, content: string, mode = 0o644): ContextEntry => ({
  type: 'text',
  path,
  text: content,
  mode,
});
/** Returns a function that makes an executable context entry at `path` from the template `name`. */
export const templatePrograms = (templates: string) => (path: string, name: string) =>
  text(path, readFileSync(join(templates, name), 'utf8'), 0o755);
/** A context entry with one item per line. */
export const lines = (path: string, items: readonly string[]) =>
  text(path, items.map((item) => `${item}\n`).join(''));
/** An executable context entry with the content of a file on the host. */
export const program = (path: string, source: string): ContextEntry => ({
  type: 'file',
  path,
  source,
  mode: 0o755,
  size: statSync(source).size,
});
