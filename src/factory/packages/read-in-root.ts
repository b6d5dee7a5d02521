import { readFile, stat } from 'node:fs/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { resolveInRoot } from '../../common/files/resolve-in-root.ts';

/** More than any database of packages has; what is larger in a foreign root is no such thing. */
const LARGEST = 256 * 1024 * 1024;

/**
 * Finds a regular file of a foreign root.
 * @param path absolute path inside the root
 * @returns its host path; `undefined` when there is no such file
 * @throws FactoryError `step` when it is larger than any of its kind
 */
export async function fileInRoot(root: string, path: string): Promise<string | undefined> {
  const file = await resolveInRoot(root, path);
  const stats = file === undefined ? undefined : await stat(file);
  // A pipe or a device would never end.
  if (!stats?.isFile()) return undefined;
  if (stats.size <= LARGEST) return file;
  throw new FactoryError(
    'PACKAGE_DATABASE_UNREADABLE',
    `${path} of the image has ${stats.size} bytes, more than such a file has`,
    {
      remedy: 'Look at the image: a file of its package manager is not what it should be.',
    },
  );
}

/** Reads a file that {@link fileInRoot} finds. */
export async function readInRoot(root: string, path: string): Promise<Buffer | undefined> {
  const file = await fileInRoot(root, path);
  return file === undefined ? undefined : readFile(file);
}

/** As {@link readInRoot}, as text. */
export async function readTextInRoot(root: string, path: string): Promise<string | undefined> {
  return (await readInRoot(root, path))?.toString('utf8');
}
