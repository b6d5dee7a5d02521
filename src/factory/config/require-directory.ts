import { stat } from 'node:fs/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** Checks that a directory exists. @throws FactoryError `usage` when it does not */
export async function requireDirectory(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isDirectory())
    throw new FactoryError('FILE_NOT_FOUND', `${path} is not a directory`, { remedy: 'Check the path.' });
}
