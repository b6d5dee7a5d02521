import { dirname, join, resolve } from 'node:path';
import type { ConfigurationSources } from './load.ts';

/** Name of the lock file, which lies beside the configuration file, or in the working directory where there is none. */
const LOCK_FILE = 'kairos-factory.lock';

/** Path of the lock file, which need not be there. */
export function lockFilePath(
  named: string | undefined,
  { file }: Pick<ConfigurationSources, 'file'>,
): string {
  return resolve(named ?? join(file === undefined ? '.' : dirname(file), LOCK_FILE));
}
