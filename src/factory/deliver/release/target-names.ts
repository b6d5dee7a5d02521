import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { NamedBuild } from '../../pipeline/target.ts';

/**
 * Checks before anything is built that targets can make one release: one version, and no two targets of which it is
 * certain that their files are called alike. Names come from the image (docs/contract.md 6.10), so what else clashes is
 * found when the images are there.
 * @throws FactoryError `usage`
 */
export function requireOneRelease(builds: readonly NamedBuild[]): void {
  const versions = new Map(builds.map(({ name, spec }) => [spec.version, name]));
  if (versions.size > 1) {
    throw new FactoryError('TARGET_CONFLICT', 'a release has one version, and its targets have several', {
      details: [...versions].map(([version, name]) => `${name}: ${version}`),
      remedy: 'Give all targets the same version, outside of matrix and targets.',
    });
  }
  const known = new Map<string, string>();
  for (const { name, spec } of builds) {
    const { flavor, release, base, containerfile, framework, arch, model, variant, kubernetes } = spec;
    const identity = JSON.stringify([
      ...[flavor, release, base, containerfile, framework, arch, model, variant],
      kubernetes && [kubernetes.distribution, kubernetes.version],
    ]);
    const twin = known.get(identity);
    if (twin !== undefined)
      throw namedAlike(twin, name, `kairos-…-${variant}-${arch}-${model}-${spec.version}`);
    known.set(identity, name);
  }
}

/** The refusal of targets whose files have the same names. */
export function namedAlike(one: string, other: string, stem: string): FactoryError {
  return new FactoryError(
    'TARGET_CONFLICT',
    `the files of targets ${one} and ${other} would have the same names: ${stem}`,
    {
      remedy:
        'Targets of a release differ in flavor, release, variant, arch, model or Kubernetes; make one target of them, or two releases.',
    },
  );
}
