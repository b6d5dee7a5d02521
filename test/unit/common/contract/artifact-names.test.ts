import { describe, expect, test } from 'vitest';
import { artifactBaseName, imageTag } from '../../../../src/common/contract/artifact-names.ts';
import type { ImageIdentity } from '../../../../src/common/contract/kairos-release.ts';

/** The example of docs/contract.md 6.10. */
const K3S: ImageIdentity = {
  flavor: 'opensuse',
  flavorRelease: 'tumbleweed',
  family: 'suse',
  variant: 'standard',
  arch: 'amd64',
  model: 'generic',
  version: 'v3.5.6',
  software: { prefix: 'k3s', version: 'v1.34.1+k3s1' },
};
const { software: _, ...STANDARD } = K3S;
const CORE: ImageIdentity = { ...STANDARD, flavor: 'debian', flavorRelease: 'bookworm', variant: 'core' };

describe('artifactBaseName', () => {
  test('returns the example of the contract', () => {
    expect(`${artifactBaseName(K3S)}.iso`).toBe(
      'kairos-opensuse-tumbleweed-standard-amd64-generic-v3.5.6-k3sv1.34.1+k3s1.iso',
    );
  });

  test('ends with the version if there is no software', () => {
    expect(artifactBaseName(CORE)).toBe('kairos-debian-bookworm-core-amd64-generic-v3.5.6');
  });
});

describe('imageTag', () => {
  test('follows the scheme of the contract, with the plus that tags cannot contain replaced', () => {
    expect(imageTag(K3S)).toBe('tumbleweed-standard-amd64-generic-v3.5.6-k3sv1.34.1-k3s1');
    expect(imageTag({ ...CORE, version: 'v1.0.0+a.1+b' })).toBe('bookworm-core-amd64-generic-v1.0.0-a.1-b');
  });
});
