import { z } from 'zod';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { parseJson } from '../../../common/text/parse-json.ts';

/** The package format, which decides how versions are compared. */
export type PackageType = 'deb' | 'rpm' | 'apk';

/** A distribution package that an SBOM lists. */
export interface ReleasedPackage {
  readonly type: PackageType;
  readonly name: string;
  /** As the package manager writes it, including the epoch if there is one. */
  readonly version: string;
  readonly arch: string;
}

/** The part of SPDX 2.3 that lists packages (specification, clause 7); the package URL gives the package format. */
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
 * Reads the distribution packages from an SPDX document in JSON. Entries other than deb, rpm and apk packages, such as
 * the image itself, are skipped.
 * @param place the document's path or address, for messages
 * @returns the packages, sorted by name and architecture
 * @throws FactoryError `verification` when the text is not an SPDX 2 document in JSON
 */
export function spdxPackages(text: string, place: string): ReleasedPackage[] {
  const parsed = Document.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new FactoryError('RELEASE_INVALID', `${place} is not an SPDX 2 document in JSON`, {
      details: parsed.error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message}`),
      remedy: 'Name a release with an undamaged SBOM.',
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
