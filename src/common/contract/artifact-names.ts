import type { ImageIdentity } from './kairos-release.ts';

/** The file name of an artifact without its ending (docs/contract.md 6.10). */
export function artifactBaseName(identity: ImageIdentity): string {
  const parts = [
    'kairos',
    identity.flavor,
    identity.flavorRelease,
    identity.variant,
    identity.arch,
    identity.model,
    identity.version,
  ];
  if (identity.software) parts.push(`${identity.software.prefix}${identity.software.version}`);
  return parts.join('-');
}

/**
 * The image name of the contract, without a registry: `flavor:release-variant-arch-model-version`
 * (docs/contract.md 6.10).
 */
export function imageTag(identity: ImageIdentity): string {
  return artifactBaseName(identity).slice(`kairos-${identity.flavor}-`.length).replaceAll('+', '-');
}
