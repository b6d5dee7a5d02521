import type { ImageIdentity } from './kairos-release.ts';
import { checkedIdentity } from './name-part.ts';

/**
 * Returns the file name of an artifact without its extension (docs/contract.md 6.10).
 * @throws FactoryError `verification` when a value cannot be part of a file name
 */
export function artifactBaseName(identity: ImageIdentity): string {
  checkedIdentity(identity);
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
 * Returns the image tag of the contract: for `flavor:release-variant-arch-model-version`, the part after the colon
 * (docs/contract.md 6.10).
 * @throws FactoryError as {@link artifactBaseName}
 */
export function imageTag(identity: ImageIdentity): string {
  return artifactBaseName(identity).slice(`kairos-${identity.flavor}-`.length).replaceAll(/[+~]/g, '-');
}
