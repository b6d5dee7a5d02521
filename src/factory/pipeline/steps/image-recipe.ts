import { join } from 'node:path';
import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';
import { explainMissingPackage } from '../../catalog/flavors/missing-package.ts';
import { IMAGE_STAGES } from '../../config/hooks.ts';
import type { BuildSpec } from '../../config/schema.ts';
import { libcTrees } from '../../image/context/agent-entries.ts';
import { broughtIndex } from '../../image/context/brought-programs.ts';
import type { ContextOptions } from '../../image/context/context-options.ts';
import { packageLockName } from '../../inputs/lock/packages.ts';
import { rememberedHash, treeContentDigest, treeSignature } from '../digests.ts';
import type { Results } from '../step.ts';
import { BASE_STEP } from './base-facts.ts';
import { BUNDLES_STEP } from './bundles-step.ts';
import { contextOptions, snapshotLines } from './context-options.ts';
import { detectSystem } from './detect-system.ts';
import { FRAMEWORK_STEP } from './framework-step.ts';
import { hookDigests } from './hook-digests.ts';
import { KERNEL_STEP } from './kernel-step.ts';
import { KUBERNETES_STEP } from './kubernetes-step.ts';
import {
  baseKey,
  type RecipeEnvironment,
  type RecipeParts,
  type RecipeSource,
  recipeParts,
} from './recipe-parts.ts';

/** How to build an OS image from the results of earlier steps. */
export interface ImageRecipe {
  /** Name of the flavor; absent if it is detected from the base. */
  readonly flavor: string | undefined;
  /** Ids of the required steps. */
  readonly needs: readonly string[];
  /** Everything that the image depends on besides the results of the required steps. */
  readonly inputs: (results: Results) => Promise<unknown[]>;
  /** The values that the build context is rendered from, as documented at `contextOptions`. */
  readonly options: (results: Results, notice: (text: string) => void) => ContextOptions;
  /** The name of the image's packages in the lock; absent if the build installs none. */
  readonly lockName: (identity: ImageIdentity) => string | undefined;
  /** Whether the distribution provides archive snapshots. */
  readonly hasSnapshots: (results: Results) => boolean;
  /** The identity of the future image. */
  readonly identity: (results: Results) => ImageIdentity;
  /** Replaces an error of the engine by a clearer one if the cause is known. */
  readonly explain: (error: unknown, results: Results) => unknown;
}

/** Returns the recipe of a build. @throws FactoryError `usage` for conflicting keys */
export function imageRecipe(env: RecipeEnvironment, { spec, choice, model }: RecipeSource): ImageRecipe {
  const parts = recipeParts(env, { spec, choice, model });
  const kernel = spec.kernelFrom ? undefined : spec.kernel;
  return {
    flavor: choice.named?.flavor.name,
    needs: neededSteps(spec),
    inputs: (results) => recipeInputs(parts, results),
    options: (results, notice) => contextOptions(parts, results, notice),
    lockName: (identity) =>
      parts.installsNothing ? undefined : packageLockName({ target: env.target, identity, kernel }),
    identity: (results) => detectSystem(parts, results).identity,
    hasSnapshots: (results) => detectSystem(parts, results).loaded.flavor.snapshot !== undefined,
    explain: (error, results) => {
      const { loaded, distribution, target } = detectSystem(parts, results);
      return explainMissingPackage(error, {
        loaded,
        target,
        kernel: spec.kernel,
        packages: spec.packages,
        distribution: `${distribution.name} ${distribution.release}`,
      });
    },
  };
}

function neededSteps(spec: BuildSpec): string[] {
  return [
    ...new Set([BASE_STEP.id, baseKey(spec).id]),
    ...(spec.kernelFrom === undefined ? [] : [KERNEL_STEP.id]),
    ...(spec.framework.name === 'kairos-init' ? [FRAMEWORK_STEP.id] : []),
    ...(spec.kubernetes ? [KUBERNETES_STEP.id] : []),
    ...(spec.bundles.length > 0 ? [BUNDLES_STEP.id] : []),
  ];
}

/** The hooks of each stage that has some. */
async function imageHookInputs({ hooks }: BuildSpec): Promise<unknown[]> {
  const stages = IMAGE_STAGES.filter((stage) => hooks[stage].length > 0);
  return Promise.all(stages.map(async (stage) => [stage, await hookDigests(hooks[stage])]));
}

async function recipeInputs(parts: RecipeParts, results: Results): Promise<unknown[]> {
  const { env, spec, model, policy } = parts;
  const { loaded, selection, identity } = detectSystem(parts, results);
  return [
    loaded.flavor,
    model,
    selection,
    identity,
    treeContentDigest(join(env.templates, 'build')),
    treeContentDigest(join(env.templates, 'image')),
    ...(spec.kubernetes ? [treeContentDigest(join(env.templates, 'kubernetes'))] : []),
    await rememberedHash(env.digests, env.agent(spec.arch)),
    ...libcTrees(env.agent(spec.arch)).map(treeContentDigest),
    ...(parts.installsNothing ? [broughtIndex(env.agent(spec.arch))] : []),
    spec.overlayRootfs === undefined ? null : treeSignature(spec.overlayRootfs, env.epoch),
    spec.framework,
    ...(policy ? [policy] : []),
    env.epoch,
    env.tool,
    // Last, and only if set, so that the cache keys of other builds stay the same.
    ...(spec.snapshot === undefined ? [] : [snapshotLines(parts, results)]),
    ...(spec.netboot ? ['netboot'] : []),
    ...(await imageHookInputs(spec)),
  ];
}
