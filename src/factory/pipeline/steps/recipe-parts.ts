import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type FlavorChoice, withoutPackages } from '../../catalog/flavors/choose.ts';
import { requireKernel, requirePackageSets } from '../../catalog/flavors/select.ts';
import type { Model } from '../../catalog/models/schema.ts';
import { type PolicyFile, renderPolicy } from '../../config/render-policy.ts';
import type { BuildSpec } from '../../config/schema.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { type Results, resultOf } from '../step.ts';
import { BASE_STEP, type BaseFacts, CONTAINERFILE_STEP } from './base-facts.ts';

/** The parts of the environment that a recipe uses. */
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

/** The inputs of an OS image that are known before the base is imported. */
export interface RecipeParts extends RecipeSource {
  readonly env: RecipeEnvironment;
  /** Whether the flavor adds no packages to the base. */
  readonly installsNothing: boolean;
  /** The upgrade policy in the image. */
  readonly policy: readonly PolicyFile[] | undefined;
}

/** Checks and collects the inputs of a recipe. @throws FactoryError `usage` for conflicting keys */
export function recipeParts(env: RecipeEnvironment, source: RecipeSource): RecipeParts {
  const { spec, model } = source;
  const choice = spec.installPackages ? source.choice : withoutPackages(source.choice);
  // Detection never selects the flavor without packages: it fits any base and must be named.
  const installsNothing = !spec.installPackages || choice.named?.flavor['package-manager'] === 'none';
  if (installsNothing && spec.packages.length + spec.packageSets.length > 0) {
    const who = spec.installPackages ? `flavor ${choice.named?.flavor.name}` : 'a build without packages';
    throw new FactoryError('FLAVOR_UNSUITABLE', `${who} installs nothing, so packages cannot be added`, {
      remedy: 'Use the flavor of the distribution, or install the packages with --containerfile.',
    });
  }
  if (choice.named !== undefined && spec.kernelFrom === undefined && !installsNothing) {
    requireKernel(choice.named.flavor, spec.kernel);
  }
  if (choice.named !== undefined && !installsNothing)
    requirePackageSets(choice.named.flavor, spec.packageSets);
  return { env, spec, choice, model, installsNothing, policy: upgradePolicy(spec) };
}

/** The files of the upgrade policy. @throws FactoryError `usage` for an invalid policy, or one that nothing enforces */
function upgradePolicy({ trust, framework }: BuildSpec): readonly PolicyFile[] | undefined {
  if (trust?.upgrade === undefined) return undefined;
  if (framework.name === 'builtin') return renderPolicy(trust.upgrade);
  throw new FactoryError(
    'TRUST_CONFIG_INVALID',
    "upstream's agent does not read the policy of trust.upgrade",
    {
      remedy: 'Use the builtin framework, or remove trust.upgrade.',
    },
  );
}

/** The step that provides the base of the image. */
export function baseKey({ containerfile }: Pick<BuildSpec, 'containerfile'>) {
  return containerfile?.stage === 'before' ? CONTAINERFILE_STEP : BASE_STEP;
}

/** Facts of the base of the image. */
export function baseOf({ spec }: RecipeParts, results: Results): BaseFacts {
  return resultOf(results, baseKey(spec)).facts;
}
