import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Runner } from '../tools/runner.ts';
import { BUILDAH, storeArguments } from './buildah.ts';

/** What `buildah images --json` lists; an image that only others build on has no name. */
const Images = z.array(z.object({ id: z.string(), names: z.array(z.string()).nullish() }));

/** The images of buildah's store, for cleaning up. */
export interface BuildahImages {
  /** Names of images; those without a name are layers of builds. */
  list(): Promise<string[]>;
  remove(name: string): Promise<void>;
  /** Removes the layers of builds that no named image contains. */
  removeUnnamed(): Promise<void>;
}

/** Opens the image store of the factory. @returns `undefined` when there is none, or no buildah */
export async function openBuildahImages(
  runner: Runner,
  { store, work }: { readonly store: string; readonly work: string },
): Promise<BuildahImages | undefined> {
  if (!existsSync(join(store, 'images'))) return undefined;
  const program = await runner.locate(BUILDAH).catch(() => undefined);
  if (program === undefined) return undefined;
  const env = { STORAGE_OPTS: undefined, DOCKER_CONFIG: undefined, TMPDIR: work };
  const buildah = (...args: string[]) =>
    runner.run(BUILDAH, [...storeArguments(store), ...args], { env }).then(({ stdout }) => stdout);
  return {
    list: async () =>
      Images.parse(JSON.parse((await buildah('images', '--json')) || '[]') ?? []).flatMap(
        ({ names }) => names ?? [],
      ),
    remove: async (name) => void (await buildah('rmi', '--force', name)),
    removeUnnamed: async () => void (await buildah('rmi', '--prune', '--force')),
  };
}
