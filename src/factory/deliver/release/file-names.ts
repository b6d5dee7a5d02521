import { ARTIFACT_KINDS, type ArtifactKind } from '../../config/artifact-kinds.ts';
import type { Role } from './schema.ts';

/** Files of a release that do not belong to a target. */
export const RELEASE_FILE = 'release.json';
export const PAGE_FILE = 'index.html';
export const CHANGELOG_FILE = 'CHANGELOG.md';
/** A folder with this file is not a finished release. */
export const UNFINISHED_FILE = 'UNFINISHED';

/** Media types by file name ending; the first match applies. From IANA's registry where it has one, else by convention. */
const BY_ENDING: readonly (readonly [ending: string, role: Role, mediaType: string])[] = [
  ['.spdx.json', 'sbom', 'application/spdx+json'],
  ['.cdx.json', 'sbom', 'application/vnd.cyclonedx+json'],
  ['.provenance.json', 'provenance', 'application/vnd.in-toto+json'],
  ['.test-result.json', 'test-result', 'application/vnd.in-toto+json'],
  ['.oci/index.json', 'oci', 'application/vnd.oci.image.index.v1+json'],
  ['.squashfs', 'squashfs', 'application/vnd.squashfs'],
  ['.iso', 'iso', 'application/vnd.efi.iso'],
  ['.raw', 'raw', 'application/vnd.efi.img'],
  ['.qcow2', 'qcow2', 'application/x-qemu-disk'],
  ['.vhd', 'vhd', 'application/x-vhd-disk'],
  ['.gce.tar.gz', 'gce', 'application/gzip'],
  ['.vmdk', 'vmdk', 'application/x-vmdk-disk'],
  ['.ova', 'ova', 'application/ovf'],
  ['.ipxe', 'netboot', 'application/vnd.kairos-factory.ipxe'],
  ['-kernel', 'netboot', 'application/vnd.kairos-factory.kernel'],
  ['-initrd', 'netboot', 'application/vnd.kairos-factory.initrd'],
  ['-config.yaml', 'netboot', 'text/cloud-config'],
];

/** Returns the role and the media type of a target's file by its name. */
export function describeFile(name: string): { readonly role: Role; readonly mediaType: string } {
  const found = BY_ENDING.find(([ending]) => name.endsWith(ending));
  if (found !== undefined) return { role: found[1], mediaType: found[2] };
  const isContent = /\.oci\//.test(name);
  return { role: isContent ? 'oci-content' : 'other', mediaType: 'application/octet-stream' };
}

/** Returns the kind of artifact for a role; `undefined` when the file is not an artifact. */
export function artifactOf(role: Role): ArtifactKind | undefined {
  return ARTIFACT_KINDS.find((kind) => kind === role);
}

/** Whether `SHA256SUMS` lists a file of that role: of an image layout it lists only the index. */
export function isListed(role: Role): boolean {
  return role !== 'oci-content';
}
