import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';
import { checkedIdentity } from '../../../common/contract/name-part.ts';
import type { Distribution } from '../../catalog/flavors/detect.ts';
import { select } from '../../catalog/flavors/select.ts';
import { resolveBoard } from '../../catalog/models/board.ts';
import type { BuildSpec } from '../../config/schema.ts';
import type { Results } from '../step.ts';
import { baseOf, type RecipeParts } from './recipe-parts.ts';

/** Detects the distribution of the base and selects flavor, board and packages. @throws FactoryError `usage` when no flavor fits, `verification` when names cannot be made */
export function detectSystem(parts: RecipeParts, results: Results) {
  const { spec, choice, model, installsNothing } = parts;
  const detected = choice.forBase(baseOf(parts, results).osRelease);
  const { loaded, distribution } = detected;
  const target = { arch: spec.arch, releaseVersion: distribution.version, variant: spec.variant };
  const board = resolveBoard(model, loaded.flavor, target);
  const kernel = spec.kernelFrom !== undefined || installsNothing ? undefined : spec.kernel;
  const selection = select(board.flavor, target, {
    kernel,
    packageSets: spec.packageSets,
    extraPackages: [...board.packages, ...spec.packages],
  });
  const identity = checkedIdentity(identityOf(spec, distribution, loaded.flavor.family));
  return { detected, loaded, distribution, target, board, selection, identity };
}

function identityOf(spec: BuildSpec, { name, release }: Distribution, family: string): ImageIdentity {
  return {
    flavor: name,
    flavorRelease: release,
    family,
    variant: spec.variant,
    arch: spec.arch,
    model: spec.model,
    version: spec.version,
    ...(spec.kubernetes
      ? { software: { prefix: spec.kubernetes.distribution, version: spec.kubernetes.version } }
      : {}),
  };
}
