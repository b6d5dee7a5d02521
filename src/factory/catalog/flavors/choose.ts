import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type Detected, detectFlavor, fitFlavor, type OsRelease } from './detect.ts';
import { type LoadedFlavor, openAllFlavors, openFlavor } from './load.ts';
import { findRelease } from './select.ts';
import { type SnapshotSource, snapshotSources } from './snapshot.ts';

/** The flavor of a build: named by the person, or found by what the base says of itself. */
export interface FlavorChoice {
  /** The one that the person named. */
  readonly named: LoadedFlavor | undefined;
  /** The flavor for a base. @throws FactoryError `usage` when there is none, or the named one is for another distribution */
  readonly forBase: (osRelease: OsRelease) => Detected;
}

/** Loads what a build may need of flavors. @throws FactoryError `usage`; see `openFlavor` */
export async function chooseFlavor(directory: string, name: string | undefined): Promise<FlavorChoice> {
  if (name === undefined) {
    const all = await openAllFlavors(directory);
    return { named: undefined, forBase: (osRelease) => detectFlavor(all, osRelease) };
  }
  const named = await openFlavor(directory, name);
  return { named, forBase: (osRelease) => fitFlavor(named, osRelease) };
}

/** What a build starts from: a reference that the person gave or the release has, or a bootstrap. */
export type BaseChoice =
  | { readonly kind: 'reference'; readonly reference: string }
  | {
      readonly kind: 'bootstrap';
      /** The flavor's name. */
      readonly flavor: string;
      /** The release's name for the bootstrap tool. */
      readonly suite: string;
      readonly components: readonly string[];
      /** Of the past: what it is bootstrapped from in place of today's archive. */
      readonly snapshot?: readonly SnapshotSource[];
    };

/**
 * Decides what a build starts from. A release that has a base image is bootstrapped only from a mirror or a snapshot that
 * the person names.
 * @param wish.base `bootstrap:[RELEASE]`, another reference, or nothing
 * @throws FactoryError `usage` for a release that the flavor does not have, or one that cannot be bootstrapped
 */
export function chooseBase(
  named: LoadedFlavor | undefined,
  wish: {
    readonly base: string | undefined;
    readonly release: string | undefined;
    readonly mirror: string | undefined;
    readonly snapshot?: string | undefined;
    readonly arch?: string;
  },
): BaseChoice {
  const asked = /^bootstrap:(.*)$/.exec(wish.base ?? '');
  if (wish.base !== undefined && asked === null) return { kind: 'reference', reference: wish.base };
  if (named === undefined) {
    throw new FactoryError('OPTION_MISSING', 'neither a flavor nor a base image is given', {
      remedy: 'Name a distribution with --flavor, an image with --base, or both.',
    });
  }
  const { flavor } = named;
  const release = findRelease(flavor, asked?.[1] || wish.release || flavor['default-release']);
  const { bootstrap } = flavor;
  if (asked === null && release.base !== undefined && !(bootstrap && (wish.mirror ?? wish.snapshot)))
    return { kind: 'reference', reference: release.base };
  if (bootstrap === undefined) {
    throw new FactoryError('FLAVOR_UNSUITABLE', `flavor ${flavor.name} cannot be bootstrapped`, {
      remedy:
        release.base === undefined
          ? 'Name a root filesystem or an image with --base.'
          : `Leave --base out, which means ${release.base}; or name another image.`,
    });
  }
  const suite = release.suite ?? release.key;
  const target = { arch: wish.arch ?? '', releaseVersion: release.version };
  return {
    kind: 'bootstrap',
    flavor: flavor.name,
    suite,
    components: bootstrap.components,
    ...(wish.snapshot === undefined
      ? {}
      : { snapshot: snapshotSources(flavor, target, suite, wish.snapshot, wish.mirror) }),
  };
}

/** The notice for a build that borrows a flavor; nothing where the flavor is the base's own. */
export function borrowedNotice({ loaded: { flavor }, distribution }: Detected): string | undefined {
  const { name, release, version, borrowed } = distribution;
  return borrowed
    ? `"${name}" ${release} has no flavor of its own: built with the packages of ${flavor.name}, as of its version ${version}`
    : undefined;
}
