import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type BaseChoice, chooseBase } from './choose.ts';
import { openAllFlavors } from './load.ts';
import { findRelease, kernelRootPackages } from './select.ts';

/** What to bootstrap for a kernel. */
export interface KernelRoot extends Extract<BaseChoice, { kind: 'bootstrap' }> {
  /** Packages to install: the kernel, its boot loader, and what its initramfs needs. */
  readonly packages: readonly string[];
  readonly mirror: string | undefined;
}

/** Options of {@link kernelRoot}. */
export interface KernelRootOptions {
  /** The release after `bootstrap:`. */
  readonly release: string | undefined;
  /** A kernel choice of the flavor that has the release. */
  readonly kernel: string;
  readonly arch: string;
  /** The archive for a flavor. */
  readonly mirrorOf: (flavor: string) => string | undefined;
  readonly snapshot: string | undefined;
}

/**
 * Chooses the root that provides a kernel: a release of whichever flavor has it and can be bootstrapped.
 * @param directory the directory of the flavors
 * @throws FactoryError `usage` when no flavor has the release, or its flavor has no such kernel
 */
export async function kernelRoot(
  directory: string,
  { release, kernel, arch, mirrorOf, snapshot }: KernelRootOptions,
): Promise<KernelRoot> {
  const flavors = (await openAllFlavors(directory)).filter(({ flavor }) => flavor.bootstrap !== undefined);
  const named = flavors.find(({ flavor: { releases } }) =>
    Object.entries(releases).some(([key, { suite }]) => release === key || release === suite),
  );
  if (named === undefined || release === undefined) {
    const known = flavors.flatMap(({ flavor: { releases } }) => Object.keys(releases));
    const text = release === undefined ? 'needs a release' : `has an unknown release, "${release}"`;
    throw new FactoryError('RELEASE_UNKNOWN', `kernel-from: bootstrap:${release ?? ''} ${text}`, {
      remedy: `Write bootstrap:RELEASE, with one of: ${known.join(', ')}.`,
    });
  }
  const base = `bootstrap:${release}`;
  const mirror = mirrorOf(named.flavor.name);
  const choice = chooseBase(named, { base, release, mirror, snapshot, arch });
  if (choice.kind !== 'bootstrap') throw new RangeError(`${base} is not bootstrapped`);
  const { version: releaseVersion } = findRelease(named.flavor, release);
  return { ...choice, mirror, packages: kernelRootPackages(named.flavor, { arch, releaseVersion }, kernel) };
}
