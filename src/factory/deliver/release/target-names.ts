import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { NamedBuild } from '../../pipeline/target.ts';

/**
 * Checks before a build that the targets can form one release: they have one version, and no two of them are certain to
 * have the same file names. File names come from the image (docs/contract.md 6.10), so the remaining clashes only show
 * after the build.
 * @throws FactoryError `usage` for targets of several versions or with the same file names
 */
export function requireOneRelease(builds: readonly NamedBuild[]): void {
  const versions = new Map(builds.map(({ name, spec }) => [spec.version, name]));
  if (versions.size > 1) {
    throw new FactoryError('TARGET_CONFLICT', 'the targets of a release must have the same version', {
      details: [...versions].map(([version, name]) => `${name}: ${version}`),
      remedy: 'Set version once, outside matrix and targets.',
    });
  }
  const known = new Map<string, string>();
  for (const { name, spec } of builds) {
    const { flavor, release, base, containerfile, framework, arch, model, variant, kubernetes } = spec;
    const identity = JSON.stringify([
      flavor,
      release,
      base,
      containerfile,
      framework,
      arch,
      model,
      variant,
      kubernetes && [kubernetes.distribution, kubernetes.version],
    ]);
    const twin = known.get(identity);
    if (twin !== undefined)
      throw namedAlike(twin, name, `kairos-…-${variant}-${arch}-${model}-${spec.version}`);
    known.set(identity, name);
  }
}

/** The error for two targets whose files have the same names. */
export function namedAlike(one: string, other: string, stem: string): FactoryError {
  return new FactoryError(
    'TARGET_CONFLICT',
    `the files of targets ${one} and ${other} would have the same names: ${stem}`,
    {
      remedy:
        'Targets of a release must differ in flavor, release, variant, arch, model or Kubernetes. Merge the two targets, or make two releases.',
    },
  );
}
