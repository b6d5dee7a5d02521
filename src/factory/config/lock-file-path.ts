import { dirname, join, resolve } from 'node:path';
import type { ConfigurationSources } from './load.ts';

/** Name of the lock file in the directory of the configuration file, or in the working directory without one. */
const LOCK_FILE = 'kairos-factory.lock';

/** The path of the lock file, which may not exist. @param named the configured path */
export function lockFilePath(
  named: string | undefined,
  { file }: Pick<ConfigurationSources, 'file'>,
): string {
  return resolve(named ?? join(file === undefined ? '.' : dirname(file), LOCK_FILE));
}
