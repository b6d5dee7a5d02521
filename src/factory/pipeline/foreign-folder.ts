import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { FOLDER_MARK } from '../image/context/context-folder.ts';

/**
 * Makes sure that a context folder may be written: nothing is at `path`, an empty directory, or an earlier context folder.
 * @throws FactoryError `usage` when something else is there
 */
export async function refuseForeign(path: string): Promise<void> {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new FactoryError('FILE_EXISTS', `${path} cannot be a context folder: ${error.message}`, {
      remedy: 'Choose another --output.',
    });
  });
  if (names.length === 0 || existsSync(join(path, FOLDER_MARK))) return;
  throw new FactoryError('FILE_EXISTS', `${path} is not empty, and not a context that kairos-factory wrote`, {
    remedy: 'Choose another --output, or empty it yourself.',
  });
}
