import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { FlavorChoice } from '../../catalog/flavors/choose.ts';
import { requireKernel } from '../../catalog/flavors/select.ts';
import type { Model } from '../../catalog/models/schema.ts';
import { type PolicyFile, renderPolicy } from '../../config/render-policy.ts';
import type { BuildSpec } from '../../config/schema.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { type Results, resultOf } from '../step.ts';
import { BASE_STEP, type BaseFacts, CONTAINERFILE_STEP } from './base-facts.ts';

/** What a recipe takes of its environment. */
export type RecipeEnvironment = Pick<
  BuildEnvironment,
  'templates' | 'digests' | 'agent' | 'epoch' | 'tool' | 'target'
>;

/** A build, with its flavor and its board. */
export interface RecipeSource {
  readonly spec: BuildSpec;
  readonly choice: FlavorChoice;
  readonly model: Model;
}

/** What an OS image is made from, as far as it is known before the base is there. */
export interface RecipeParts extends RecipeSource {
  readonly env: RecipeEnvironment;
  /** Whether the flavor adds no packages to the base. */
  readonly installsNothing: boolean;
  /** The policy that is baked into the image. */
  readonly policy: readonly PolicyFile[] | undefined;
}

/** Checks what a recipe is made from. @throws FactoryError `usage` for keys that do not go together */
export function recipeParts(env: RecipeEnvironment, { spec, choice, model }: RecipeSource): RecipeParts {
  // A flavor that is detected from the base has packages: the one without takes any base, and has to be named.
  const installsNothing = choice.named?.flavor['package-manager'] === 'none';
  if (installsNothing && spec.packages.length > 0) {
    const name = choice.named?.flavor.name;
    throw new FactoryError(
      'FLAVOR_UNSUITABLE',
      `flavor ${name} installs nothing, so packages cannot be added`,
      {
        remedy: 'Use the flavor of the distribution, or a --containerfile that installs them.',
      },
    );
  }
  if (choice.named !== undefined && spec.kernelFrom === undefined && !installsNothing) {
    requireKernel(choice.named.flavor, spec.kernel);
  }
  return { env, spec, choice, model, installsNothing, policy: upgradePolicy(spec) };
}

/** @throws FactoryError `usage` when the policy cannot be baked into the image, or nothing would enforce it */
function upgradePolicy({ trust, framework }: BuildSpec): readonly PolicyFile[] | undefined {
  if (trust?.upgrade === undefined) return undefined;
  if (framework.name === 'builtin') return renderPolicy(trust.upgrade);
  throw new FactoryError(
    'TRUST_CONFIG_INVALID',
    "upstream's agent does not read the policy of trust.upgrade",
    {
      remedy: 'Use the builtin framework, or take trust.upgrade out.',
    },
  );
}

/** The step whose result the image begins with. */
export function baseKey({ containerfile }: Pick<BuildSpec, 'containerfile'>) {
  return containerfile?.stage === 'before' ? CONTAINERFILE_STEP : BASE_STEP;
}

/** Facts of the root that the image begins with. */
export function baseOf({ spec }: RecipeParts, results: Results): BaseFacts {
  return resultOf(results, baseKey(spec)).facts;
}
