import { ARTIFACT_KINDS, type ArtifactKind } from '../../config/schema.ts';
import type { Role } from './schema.ts';

/** Files that a release has besides those of its targets. */
export const RELEASE_FILE = 'release.json';
export const PAGE_FILE = 'index.html';
export const CHANGELOG_FILE = 'CHANGELOG.md';
/** Its presence means that a folder is no release yet, or no longer. */
export const UNFINISHED_FILE = 'UNFINISHED';

/** Media types, by ending; the first that fits. IANA's where there are some, else what the field uses. */
const BY_ENDING: readonly (readonly [ending: string, role: Role, mediaType: string])[] = [
  ['.spdx.json', 'sbom', 'application/spdx+json'],
  ['.cdx.json', 'sbom', 'application/vnd.cyclonedx+json'],
  ['.provenance.json', 'provenance', 'application/vnd.in-toto+json'],
  ['.oci/index.json', 'oci', 'application/vnd.oci.image.index.v1+json'],
  ['.squashfs', 'squashfs', 'application/vnd.squashfs'],
  ['.iso', 'iso', 'application/vnd.efi.iso'],
  ['.raw', 'raw', 'application/vnd.efi.img'],
  ['.qcow2', 'qcow2', 'application/x-qemu-disk'],
];

/** Role and media type of a file of a target, by its name. */
export function describeFile(name: string): { readonly role: Role; readonly mediaType: string } {
  const found = BY_ENDING.find(([ending]) => name.endsWith(ending));
  if (found !== undefined) return { role: found[1], mediaType: found[2] };
  const isContent = /\.oci\//.test(name);
  return { role: isContent ? 'oci-content' : 'other', mediaType: 'application/octet-stream' };
}

/** Whether a role is that of an artifact, and of which kind. */
export function artifactOf(role: Role): ArtifactKind | undefined {
  return ARTIFACT_KINDS.find((kind) => kind === role);
}

/** Whether a file of that role has a line in `SHA256SUMS`: the index of an image layout stands for all of it. */
export function isListed(role: Role): boolean {
  return role !== 'oci-content';
}
