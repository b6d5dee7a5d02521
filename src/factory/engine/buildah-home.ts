import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

/**
 * The home for buildah, which looks for settings and makes directories there, and fails where it cannot.
 * @param home the user's home
 * @param other the directory to take when that cannot be used
 */
export async function buildahHome(home: string, other: string): Promise<string> {
  return access(home, constants.W_OK | constants.X_OK).then(
    () => home,
    () => other,
  );
}
