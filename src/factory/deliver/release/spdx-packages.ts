import { z } from 'zod';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { parseJson } from './parse-json.ts';

/** Whose rules order the versions of a package. */
export type PackageType = 'deb' | 'rpm' | 'apk';

/** A package of a distribution, as an SBOM names it. */
export interface ReleasedPackage {
  readonly type: PackageType;
  readonly name: string;
  /** In the words of the package manager, with the epoch where there is one. */
  readonly version: string;
  readonly arch: string;
}

/** As much of SPDX 2.3 as names packages (spec, clause 7): the package URL tells which manager one belongs to. */
const Document = z.object({
  spdxVersion: z.string().startsWith('SPDX-2.'),
  packages: z
    .array(
      z.object({
        name: z.string(),
        versionInfo: z.string().optional(),
        externalRefs: z
          .array(z.object({ referenceType: z.string(), referenceLocator: z.string() }))
          .default([]),
      }),
    )
    .default([]),
});

/**
 * The distribution's packages of an SPDX document in JSON, sorted by name. What is no package of deb, rpm or apk, such as
 * the image itself, is passed over.
 * @param place names the document in messages
 * @throws FactoryError `verification` when it is no such document
 */
export function spdxPackages(text: string, place: string): ReleasedPackage[] {
  const parsed = Document.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new FactoryError('RELEASE_INVALID', `${place} is no SPDX 2 document in JSON`, {
      details: parsed.error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`),
      remedy: 'Name a release whose SBOM is whole.',
    });
  }
  const packages = parsed.data.packages.flatMap(({ name, versionInfo, externalRefs }) => {
    const urls = externalRefs.filter(({ referenceType }) => referenceType === 'purl');
    const url = urls.map(({ referenceLocator }) => parseUrl(referenceLocator)).find((found) => found);
    return url && versionInfo !== undefined ? [{ ...url, name, version: versionInfo }] : [];
  });
  return packages.sort((a, b) => compare(a.name, b.name) || compare(a.arch, b.arch));
}

/** `pkg:TYPE/NAMESPACE/NAME@VERSION?arch=ARCH` (package-url specification). */
function parseUrl(url: string): { type: PackageType; arch: string } | undefined {
  const [, type, qualifiers = ''] = /^pkg:(deb|rpm|apk)\/[^?#]*(?:\?([^#]*))?/.exec(url) ?? [];
  if (type === undefined) return undefined;
  return { type: type as PackageType, arch: new URLSearchParams(qualifiers).get('arch') ?? '' };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
