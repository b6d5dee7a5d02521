import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { UserContainerfile } from '../../config/schema.ts';
import { type ContextEntry, directoryEntries } from './context-tar.ts';
import { type Ignores, parseIgnoreFile } from './ignore-file.ts';

/**
 * The files that a user's Containerfile may copy: its context directory, without the output of builds, the ignored files,
 * the ignore file and the Containerfile itself. As in other builders, an ignore file next to the Containerfile
 * (`NAME.dockerignore`) takes precedence over `.containerignore` and `.dockerignore` in the context.
 * @throws FactoryError `usage` when the context holds a socket, pipe or device node
 */
export function userContextEntries({ file, context, products }: UserContainerfile): ContextEntry[] {
  const candidates = [`${file}.containerignore`, `${file}.dockerignore`].concat(
    ['.containerignore', '.dockerignore'].map((name) => join(context, name)),
  );
  const ignoreFile = candidates.find((candidate) => existsSync(candidate));
  const ignores: Ignores =
    ignoreFile === undefined ? () => false : parseIgnoreFile(readFileSync(ignoreFile, 'utf8'));
  const own = new Set([...candidates, file].map((path) => relative(context, path)));
  // The generated recipe has one of these names.
  const recipes = new Set(['Containerfile', 'Dockerfile']);
  const written = new Set(products.map((path) => relative(context, path)).filter((path) => path !== ''));
  return directoryEntries(context, '.', (path) => written.has(path))
    .map((entry) => ({ ...entry, path: entry.path.slice('./'.length) }))
    .filter(({ path }) => path !== '' && !own.has(path) && !recipes.has(path) && !ignores(path));
}
