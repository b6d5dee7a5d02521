import { join } from 'node:path';
import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';
import { explainMissingPackage } from '../../catalog/flavors/missing-package.ts';
import type { BuildSpec } from '../../config/schema.ts';
import type { ContextOptions } from '../../image/context/context-options.ts';
import { packageLockName } from '../../inputs/lock/packages.ts';
import { rememberedHash, treeContentDigest, treeSignature } from '../digests.ts';
import type { Results } from '../step.ts';
import { BASE_STEP } from './base-facts.ts';
import { BUNDLES_STEP } from './bundles-step.ts';
import { contextOptions, snapshotLines } from './context-options.ts';
import { detectSystem } from './detect-system.ts';
import { FRAMEWORK_STEP } from './framework-step.ts';
import { KERNEL_STEP } from './kernel-step.ts';
import { KUBERNETES_STEP } from './kubernetes-step.ts';
import {
  baseKey,
  type RecipeEnvironment,
  type RecipeParts,
  type RecipeSource,
  recipeParts,
} from './recipe-parts.ts';

/** How an OS image is made from the results of the steps before it. */
export interface ImageRecipe {
  /** Name of the flavor; absent where the base decides. */
  readonly flavor: string | undefined;
  /** Ids of those steps. */
  readonly needs: readonly string[];
  /** Everything the image depends on besides the results that it needs. */
  readonly inputs: (results: Results) => Promise<unknown[]>;
  /** What its context is rendered from, as documented at `contextOptions`. */
  readonly options: (results: Results, notice: (text: string) => void) => ContextOptions;
  /** The name under which the lock has the packages of an image; absent where they are all from the base. */
  readonly lockName: (identity: ImageIdentity) => string | undefined;
  /** Whether the distribution has an archive of its past. */
  readonly hasSnapshots: (results: Results) => boolean;
  /** What the image is going to call itself. */
  readonly identity: (results: Results) => ImageIdentity;
  /** Replaces a failure of the engine by one that explains it, where the cause is known. */
  readonly explain: (error: unknown, results: Results) => unknown;
}

/** The recipe of a build. @throws FactoryError `usage` for keys that do not go together */
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
        ...{ loaded, target, kernel: spec.kernel, packages: spec.packages },
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
    await rememberedHash(env.digests, env.agent(spec.arch, loaded.flavor.libc)),
    spec.overlayRootfs === undefined ? null : treeSignature(spec.overlayRootfs),
    spec.framework,
    ...(policy ? [policy] : []),
    env.epoch,
    env.tool,
    // At the end, and only where it is set: the keys of other builds stay the same.
    ...(spec.snapshot === undefined ? [] : [snapshotLines(parts, results)]),
  ];
}
