import { PackageURL } from 'packageurl-js';
import type { InstalledPackage } from '../../packages/installed-package.ts';
import type { SourceDistribution } from './inventory.ts';

/**
 * Returns the package URL of an installed package (purl-spec, types deb, rpm and apk). Vulnerability scanners (syft, grype)
 * use the qualifiers `distro` and `upstream` to find advisories for the distribution and the source package.
 */
export function packageUrl(
  { type, name, version, arch, source }: InstalledPackage,
  { id, version: release }: SourceDistribution,
): string {
  const [epoch, bare] = type === 'rpm' ? splitEpoch(version) : [undefined, version];
  return new PackageURL(
    type,
    id,
    name,
    bare,
    qualifiers({
      arch,
      epoch,
      upstream: source && upstreamOf(type, source, { name, version }),
      distro: release === undefined ? id : `${id}-${release}`,
    }),
    undefined,
  ).toString();
}

/** Returns the package URL of a package's source; `undefined` when the package does not name its source. */
export function sourceUrl(
  { type, source }: InstalledPackage,
  { id }: SourceDistribution,
): string | undefined {
  if (source === undefined) return undefined;
  const arch = type === 'apk' ? undefined : SOURCE_ARCH[type];
  return new PackageURL(type, id, source.name, source.version, qualifiers({ arch }), undefined).toString();
}

const SOURCE_ARCH = { deb: 'source', rpm: 'src' } as const;

/** The form that scanners expect: the name, with `@` and the version if that differs; for rpm the file name. */
function upstreamOf(
  type: InstalledPackage['type'],
  source: { readonly name: string; readonly version: string },
  own: { readonly name: string; readonly version: string },
): string | undefined {
  if (type === 'rpm') return `${source.name}-${source.version}.src.rpm`;
  if (source.version !== own.version) return `${source.name}@${source.version}`;
  return source.name === own.name ? undefined : source.name;
}

function splitEpoch(version: string): [string | undefined, string] {
  const match = /^(\d+):(.*)$/.exec(version);
  return match?.[2] === undefined ? [undefined, version] : [match[1], match[2]];
}

function qualifiers(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
}
