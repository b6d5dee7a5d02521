import { isNamePart } from '../../../common/contract/name-part.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { LoadedFlavor } from './load.ts';
import type { Flavor } from './schema.ts';
import { releaseVersion } from './select.ts';

/** `os-release-id` of a flavor that accepts any base if chosen explicitly. */
const ANY = '*';

/** The fields of os-release(5) of a base. */
export type OsRelease = Readonly<Record<string, string>>;

/** The name of a base, and the version that a flavor's conditions apply to. */
export interface Distribution {
  /** For `KAIROS_FLAVOR` and names of artifacts (docs/contract.md 6.8, 6.10). */
  readonly name: string;
  /** For `KAIROS_FLAVOR_RELEASE` and names of artifacts. */
  readonly release: string;
  /** The version that conditions on releases are compared with. */
  readonly version: string;
  /** Whether the flavor is for another, related distribution. */
  readonly borrowed: boolean;
}

/** A flavor, and the distribution of a base. */
export interface Detected {
  readonly loaded: LoadedFlavor;
  readonly distribution: Distribution;
}

/**
 * Finds the flavor of a base: by `ID`, then by the words of `ID_LIKE`, which os-release(5) orders from the closest relative to
 * the farthest (docs/contract.md 6.2).
 * @throws FactoryError `usage` when no flavor matches, or os-release lacks the fields
 */
export function detectFlavor(flavors: readonly LoadedFlavor[], osRelease: OsRelease): Detected {
  const ranked = flavors
    .map((loaded) => ({ loaded, rank: likeness(loaded.flavor, osRelease) }))
    .filter((candidate): candidate is { loaded: LoadedFlavor; rank: number } => candidate.rank !== undefined)
    .sort((one, other) => one.rank - other.rank);
  const [best] = ranked;
  if (best !== undefined)
    return { loaded: best.loaded, distribution: distribution(best.loaded.flavor, osRelease) };
  const like = osRelease['ID_LIKE'] ? ` (ID_LIKE "${osRelease['ID_LIKE']}")` : '';
  throw new FactoryError(
    'FLAVOR_UNSUITABLE',
    `no flavor matches the base "${osRelease['ID'] ?? ''}"${like}`,
    {
      remedy: `The flavors are ${flavors.map(({ flavor }) => flavor.name).join(', ')}. Choose one with --flavor, or write your own: docs/flavors.md.`,
    },
  );
}

/**
 * Matches a chosen flavor with a base.
 * @throws FactoryError `usage` when the base is another, unrelated distribution
 */
export function fitFlavor(loaded: LoadedFlavor, osRelease: OsRelease): Detected {
  const { flavor } = loaded;
  if (flavor['os-release-id'] === ANY) return { loaded, distribution: ownName(flavor, osRelease) };
  if (likeness(flavor, osRelease) === undefined) {
    const id = osRelease['ID'] ?? '';
    throw new FactoryError('FLAVOR_UNSUITABLE', `flavor ${flavor.name} is not for the base "${id}"`, {
      remedy: `Use a base whose /etc/os-release says ID=${ownIds(flavor).join(' or ')}, or another --flavor; without --flavor it is detected from the base.`,
    });
  }
  return { loaded, distribution: distribution(flavor, osRelease) };
}

/** The distance of a base from a flavor's distribution: 0 for that distribution, `undefined` for an unrelated one. */
function likeness(flavor: Flavor, osRelease: OsRelease): number | undefined {
  const words = [osRelease['ID'] ?? '', ...(osRelease['ID_LIKE'] ?? '').split(/\s+/)];
  const own = ownIds(flavor);
  for (const [index, word] of words.entries()) {
    if (word === '') continue;
    if (own.includes(word)) return 2 * index;
    if (flavor['os-release-like'].includes(word)) return 2 * index + 1;
  }
  return undefined;
}

function ownIds(flavor: Flavor): string[] {
  const ids = flavor['os-release-id'];
  return typeof ids === 'string' ? [ids] : Object.keys(ids);
}

function distribution(flavor: Flavor, osRelease: OsRelease): Distribution {
  const id = osRelease['ID'] ?? '';
  const version = osRelease['VERSION_ID'];
  if (!ownIds(flavor).includes(id)) {
    return {
      name: nameable('ID', id),
      release: nameable('VERSION_ID', version ?? osRelease['VERSION_CODENAME'] ?? 'rolling'),
      version: relatedVersion(flavor, osRelease),
      borrowed: true,
    };
  }
  const ids = flavor['os-release-id'];
  const pattern = typeof ids === 'string' ? '{version}' : (ids[id] ?? '{version}');
  const named = (text: string) => nameable('VERSION_ID', pattern.replaceAll('{version}', text));
  if (version !== undefined) return { name: flavor.name, release: named(version), version, borrowed: false };
  // Rolling releases have only a code name; Debian's is "trixie/sid".
  const codename = (osRelease['VERSION_CODENAME'] ?? '').split('/').at(-1) ?? '';
  const rolling = Object.hasOwn(flavor.releases, codename)
    ? codename
    : (flavor['rolling-release'] ?? codename);
  return {
    name: flavor.name,
    release: named(rolling),
    version: releaseVersion(flavor, rolling),
    borrowed: false,
  };
}

/** The version of the flavor's distribution that a related distribution is based on, by code name if it has one. */
function relatedVersion(flavor: Flavor, osRelease: OsRelease): string {
  for (const key of ['UBUNTU_CODENAME', 'DEBIAN_CODENAME', 'VERSION_CODENAME']) {
    const codename = osRelease[key];
    const release = Object.entries(flavor.releases).find(
      ([name, { suite }]) => codename !== undefined && (suite ?? name) === codename,
    );
    if (release) return release[1].version;
  }
  const version = osRelease['VERSION_ID'];
  if (version !== undefined && /^\d/.test(version)) return version;
  return releaseVersion(flavor, flavor['rolling-release'] ?? flavor['default-release']);
}

/** Checks a field that becomes part of file names. @throws FactoryError `usage` for other characters */
function nameable(key: string, text: string): string {
  if (isNamePart(text)) return text;
  throw new FactoryError(
    'BASE_UNSUITABLE',
    `the base's os-release has ${key}="${text}", which cannot be part of a name`,
    {
      remedy: 'os-release(5) allows letters, digits, ".", "_" and "-"; correct /etc/os-release of the base.',
    },
  );
}

/** The distribution of a base under its own name, for a flavor that accepts any base. */
function ownName(flavor: Flavor, osRelease: OsRelease): Distribution {
  const word = (text: string) => text.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^(?=[._-])/, '0');
  return {
    name: word(osRelease['ID'] || 'linux'),
    release: word(osRelease['VERSION_ID'] ?? osRelease['BUILD_ID'] ?? 'rolling'),
    version: releaseVersion(flavor, flavor['default-release']),
    borrowed: false,
  };
}
