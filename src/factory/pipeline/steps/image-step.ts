import { randomUUID } from 'node:crypto';
import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';
import type { BuildSpec } from '../../config/schema.ts';
import { contextEntries } from '../../image/context/build-context.ts';
import { refusePulls } from '../../image/context/user-containerfile.ts';
import { sealRoot } from '../../image/root/seal.ts';
import type { LockedPackages } from '../../inputs/lock/lock-file.ts';
import { comparePackages } from '../../inputs/lock/package-changes.ts';
import { packageVersions, requireLockedPackages, requireSamePackages } from '../../inputs/lock/packages.ts';
import { readPackages } from '../../packages/read-packages.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { defineStep, type Results, type Step } from '../step.ts';
import { buildUserImage } from './build-user-image.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { IMAGE_STEP, imageIdentity, type OsImageFacts } from './os-image-facts.ts';
import { containerfileInputs, readContainerfile } from './read-containerfile.ts';
import { buildImage, sealImage } from './seal-image.ts';

/** The step that builds the OS image from the base and the framework, and seals and checks it. */
export function imageStep(
  env: Pick<BuildEnvironment, 'engine' | 'useCache' | 'offline' | 'locked'>,
  spec: Pick<BuildSpec, 'containerfile' | 'lockFile' | 'version' | 'arch'>,
  recipe: ImageRecipe,
): Step {
  const { arch } = spec;
  const after = spec.containerfile?.stage === 'after' ? spec.containerfile : undefined;
  if (after !== undefined) refusePulls(after.file, readContainerfile(after));
  const inputs = async (results: Results) => [
    ...(await recipe.inputs(results)),
    after === undefined ? null : containerfileInputs(after),
  ];
  const lockedOf = (identity: ImageIdentity): LockedPackages | undefined => {
    const name = env.locked ? recipe.lockName(identity) : undefined;
    return name === undefined ? undefined : requireLockedPackages(spec.lockFile, name);
  };
  return defineStep(IMAGE_STEP, {
    title: ['build OS image', recipe.flavor, spec.version].filter(Boolean).join(' '),
    needs: recipe.needs,
    shared: { kind: 'image', arch },
    // The engine is not an input: every engine gives the same tree, and `isCurrent` checks the engine's store. The lock is
    // not an input either: an image with the locked packages is valid, however it got them.
    inputs: async (results) => {
      lockedOf(recipe.identity(results));
      return inputs(results);
    },
    isCurrent: async ({ facts: { image, facts, packages, pinned } }) => {
      if (!(await env.engine.has(image))) return false;
      const locked = lockedOf(imageIdentity(facts));
      if (locked === undefined) return pinned !== true;
      return comparePackages(locked.installed, packages?.installed ?? {}).length === 0;
    },
    run: async (context, results) => {
      const identity = recipe.identity(results);
      const locked = lockedOf(identity);
      const entries = contextEntries({
        ...recipe.options(results, context.notice),
        ...(locked === undefined ? {} : { pins: locked.installed }),
      });
      const built = `localhost/kairos-factory/built:${randomUUID()}`;
      // Only a second Containerfile needs a name for the image.
      await using _built = after === undefined ? undefined : await env.engine.transient(built);
      await buildImage(env, context, { entries, image: built, arch, isBase: after !== undefined }).catch(
        (error: unknown) => {
          throw recipe.explain(error, results);
        },
      );
      const lockName = recipe.lockName(identity);
      const readMore = async (root: string): Promise<Partial<OsImageFacts>> => {
        if (lockName === undefined) return {};
        const installed = packageVersions(await readPackages(root));
        if (locked !== undefined)
          requireSamePackages(lockName, {
            locked,
            found: installed,
            hasSnapshots: recipe.hasSnapshots(results),
          });
        return { packages: { lockName, installed }, ...(locked === undefined ? {} : { pinned: true }) };
      };
      const parts = { seal: sealRoot, readMore };
      if (after !== undefined) {
        const image = `localhost/kairos-factory/changed:${randomUUID()}`;
        await buildUserImage(env, context, { user: after, from: built, image, arch });
        const name = `the built image, changed by ${after.file},`;
        return await withLock(await sealImage(env, context, { image, name, ...parts }));
      }
      return await withLock(
        await sealImage(env, context, { image: built, name: 'the built image', ...parts }),
      );

      /** The same key can stand for different packages, so the digest of a locked build includes them. */
      async function withLock(output: Awaited<ReturnType<typeof sealImage>>) {
        if (locked === undefined) return output;
        const needs = recipe.needs.map((id) => [id, results.get(id)?.digest ?? ''] as const);
        const digest = cacheKey(IMAGE_STEP.id, [await inputs(results), locked.installed], needs);
        return { ...output, digest };
      }
    },
  });
}
