import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { requireDirectory } from './require-directory.ts';
import type { BuildConfiguration, UserContainerfile } from './schema.ts';

type ContainerfileKeys = Pick<
  z.output<typeof BuildConfiguration>,
  'containerfile' | 'containerfile-stage' | 'containerfile-context'
>;

/**
 * Resolves the user's Containerfile and its context.
 * @param products output paths of builds, which its context leaves out
 * @returns `undefined` when there is none
 * @throws FactoryError `usage` when the file or its context does not exist
 */
export async function userContainerfile(
  keys: ContainerfileKeys,
  products: readonly string[],
): Promise<UserContainerfile | undefined> {
  const file = keys.containerfile;
  if (file === undefined) {
    if (keys['containerfile-context'] === undefined) return undefined;
    throw new FactoryError('OPTION_CONFLICT', 'containerfile-context needs a containerfile', {
      remedy: 'Give the file with --containerfile.',
    });
  }
  const stats = await stat(file).catch(() => undefined);
  if (!stats?.isFile())
    throw new FactoryError('FILE_NOT_FOUND', `${file} is not a file`, {
      remedy: 'Check the path of --containerfile.',
    });
  const context = keys['containerfile-context'] ?? dirname(file);
  await requireDirectory(context);
  return { file, stage: keys['containerfile-stage'], context, products };
}
