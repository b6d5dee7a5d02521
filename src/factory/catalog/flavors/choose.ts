import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type Detected, detectFlavor, fitFlavor, type OsRelease } from './detect.ts';
import { type LoadedFlavor, openAllFlavors, openFlavor } from './load.ts';
import { findRelease } from './select.ts';
import { type SnapshotSource, snapshotSources } from './snapshot.ts';

/** The flavor of a build: chosen by the user, or detected from the base's os-release. */
export interface FlavorChoice {
  /** The flavor that the user chose, if any. */
  readonly named: LoadedFlavor | undefined;
  /** Returns the flavor for a base. @throws FactoryError `usage` when there is none, or the chosen one is for another distribution */
  readonly forBase: (osRelease: OsRelease) => Detected;
}

/** Loads the chosen flavor, or all of them without a name. @throws FactoryError `usage`, as `openFlavor` does */
export async function chooseFlavor(directory: string, name: string | undefined): Promise<FlavorChoice> {
  if (name === undefined) {
    const all = await openAllFlavors(directory);
    return { named: undefined, forBase: (osRelease) => detectFlavor(all, osRelease) };
  }
  const named = await openFlavor(directory, name);
  return { named, forBase: (osRelease) => fitFlavor(named, osRelease) };
}

/** A choice whose flavor installs nothing: the base has all that is needed. */
export function withoutPackages({ named, forBase }: FlavorChoice): FlavorChoice {
  const bare = (loaded: LoadedFlavor): LoadedFlavor => ({
    ...loaded,
    flavor: { ...loaded.flavor, 'package-manager': 'none', packages: {}, 'package-sets': {}, kernels: {} },
  });
  return {
    named: named === undefined ? undefined : bare(named),
    forBase: (osRelease) => {
      const detected = forBase(osRelease);
      return { ...detected, loaded: bare(detected.loaded) };
    },
  };
}

/** The start of a build: a reference, from the user or the release, or a bootstrap. */
export type BaseChoice =
  | { readonly kind: 'reference'; readonly reference: string }
  | {
      readonly kind: 'bootstrap';
      /** The flavor's name. */
      readonly flavor: string;
      /** The release's name for the bootstrap tool. */
      readonly suite: string;
      readonly components: readonly string[];
      /** Snapshots to bootstrap from, instead of the live archive. */
      readonly snapshot?: readonly SnapshotSource[];
    };

/**
 * Decides what a build starts from. A release with a base image is bootstrapped only if the user gives a mirror or a
 * snapshot.
 * @param request.base `bootstrap:[RELEASE]`, another reference, or nothing
 * @throws FactoryError `usage` for a release that the flavor does not have, or one that cannot be bootstrapped
 */
export function chooseBase(
  named: LoadedFlavor | undefined,
  request: {
    readonly base: string | undefined;
    readonly release: string | undefined;
    readonly mirror: string | undefined;
    readonly snapshot?: string | undefined;
    readonly arch?: string;
  },
): BaseChoice {
  const bootstrapRelease = /^bootstrap:(.*)$/.exec(request.base ?? '');
  if (request.base !== undefined && bootstrapRelease === null)
    return { kind: 'reference', reference: request.base };
  if (named === undefined) {
    throw new FactoryError('OPTION_MISSING', 'neither a flavor nor a base image is given', {
      remedy: 'Give a distribution with --flavor, an image with --base, or both.',
    });
  }
  const { flavor } = named;
  const release = findRelease(flavor, bootstrapRelease?.[1] || request.release || flavor['default-release']);
  const { bootstrap } = flavor;
  if (
    bootstrapRelease === null &&
    release.base !== undefined &&
    !(bootstrap && (request.mirror ?? request.snapshot))
  )
    return { kind: 'reference', reference: release.base };
  if (bootstrap === undefined) {
    throw new FactoryError('FLAVOR_UNSUITABLE', `flavor ${flavor.name} cannot be bootstrapped`, {
      remedy:
        release.base === undefined
          ? 'Give a root filesystem or an image with --base.'
          : `Remove --base to use ${release.base}, or give another image.`,
    });
  }
  const suite = release.suite ?? release.key;
  const target = { arch: request.arch ?? '', releaseVersion: release.version };
  return {
    kind: 'bootstrap',
    flavor: flavor.name,
    suite,
    components: bootstrap.components,
    ...(request.snapshot === undefined
      ? {}
      : {
          snapshot: snapshotSources(flavor, target, {
            suite,
            timestamp: request.snapshot,
            mirror: request.mirror,
          }),
        }),
  };
}

/** The notice for a build with the flavor of another distribution; `undefined` if the flavor is the base's own. */
export function borrowedNotice({ loaded: { flavor }, distribution }: Detected): string | undefined {
  const { name, release, version, borrowed } = distribution;
  return borrowed
    ? `"${name}" ${release} has no flavor of its own, so it is built with the packages of ${flavor.name} ${version}`
    : undefined;
}
