import { stat } from 'node:fs/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** @throws FactoryError `usage` when there is no directory at `path` */
export async function requireDirectory(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isDirectory())
    throw new FactoryError('FILE_NOT_FOUND', `${path} is no directory`, { remedy: 'Check the path.' });
}
