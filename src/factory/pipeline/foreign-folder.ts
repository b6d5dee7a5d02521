import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, reasonOf } from '../../common/errors/factory-error.ts';
import { FOLDER_MARK } from '../image/context/context-folder.ts';

/**
 * Checks that `path` can become a context folder: it does not exist, is an empty directory or is an earlier context folder.
 * @throws FactoryError `usage` for anything else
 */
export async function refuseForeign(path: string): Promise<void> {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new FactoryError('FILE_EXISTS', `${path} cannot be a context folder: ${reasonOf(error)}`, {
      remedy: 'Choose another --output.',
    });
  });
  if (names.length === 0 || existsSync(join(path, FOLDER_MARK))) return;
  throw new FactoryError(
    'FILE_EXISTS',
    `${path} is not empty and is not a context folder of kairos-factory`,
    {
      remedy: 'Choose another --output, or empty the directory yourself.',
    },
  );
}
