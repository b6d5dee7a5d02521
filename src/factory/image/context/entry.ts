import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ContextEntry } from './context-tar.ts';

/** A file of a context, by its content. */
export const text = (path: string, content: string, mode = 0o644): ContextEntry => ({
  type: 'text',
  path,
  text: content,
  mode,
});
/** What makes programs of a context out of templates. */
export const programsOf = (templates: string) => (path: string, name: string) =>
  text(path, readFileSync(join(templates, name), 'utf8'), 0o755);
/** A file of a context with an item in each line. */
export const lines = (path: string, items: readonly string[]) =>
  text(path, items.map((item) => `${item}\n`).join(''));
/** A program of a context that is a file of this machine. */
export const program = (path: string, source: string): ContextEntry => ({
  type: 'file',
  path,
  source,
  mode: 0o755,
  size: statSync(source).size,
});
