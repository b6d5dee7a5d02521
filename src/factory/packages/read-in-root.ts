import { readFile, stat } from 'node:fs/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { resolveInRoot } from '../../common/files/resolve-in-root.ts';

/** In bytes; more than any package database takes. */
const LARGEST = 256 * 1024 * 1024;

/**
 * Finds a regular file in a foreign root.
 * @param path absolute path inside the root
 * @returns its host path; `undefined` when there is no such file
 * @throws FactoryError `step` when it is larger than 256 MiB
 */
export async function fileInRoot(root: string, path: string): Promise<string | undefined> {
  const file = await resolveInRoot(root, path);
  const stats = file === undefined ? undefined : await stat(file);
  // Reading a pipe or a device might never end.
  if (!stats?.isFile()) return undefined;
  if (stats.size <= LARGEST) return file;
  throw new FactoryError(
    'PACKAGE_DATABASE_UNREADABLE',
    `${path} of the image has ${stats.size} bytes, more than the limit of ${LARGEST}`,
    {
      remedy: 'Check the image: this file of its package manager is probably damaged.',
    },
  );
}

/** Reads the file that {@link fileInRoot} finds; `undefined` if there is none. */
export async function readInRoot(root: string, path: string): Promise<Buffer | undefined> {
  const file = await fileInRoot(root, path);
  return file === undefined ? undefined : readFile(file);
}

/** Reads a file like {@link readInRoot}, as UTF-8 text. */
export async function readTextInRoot(root: string, path: string): Promise<string | undefined> {
  return (await readInRoot(root, path))?.toString('utf8');
}
