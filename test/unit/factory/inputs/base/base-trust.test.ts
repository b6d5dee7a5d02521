import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blobFileName, digestOf } from '../../../../../src/common/files/digest.ts';
import { parseImageReference } from '../../../../../src/common/oci/registry/image-reference.ts';
import type { TrustRule } from '../../../../../src/common/trust/policy.ts';
import { verifyImage } from '../../../../../src/common/trust/verify-image.ts';
import { checkBaseTrust } from '../../../../../src/factory/inputs/base/base-trust.ts';
import { recordingReader } from '../../../../../src/factory/inputs/base/recorded-reader.ts';
import { type MemoryRegistry, memoryRegistry } from '../../../common/trust/support/memory-registry.ts';
import { signer } from '../../../common/trust/support/signer.ts';
import { failureOf } from '../../../support/failure.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';
import { realRunner } from '../../artifacts/support/runner.ts';

const release = signer('release.pub');
const image = parseImageReference('registry.test/os/debian:12');
const RULE: TrustRule = { match: 'registry.test/os/', keys: [release.trust], threshold: 1, place: 'test' };
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Stores a document and returns its descriptor. */
function store(registry: MemoryRegistry, content: object, mediaType: string) {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...content }));
  const digest = digestOf(bytes);
  registry.content.set(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}

const manifestOf = (registry: MemoryRegistry, name: string) => {
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf(Buffer.from(name)),
    size: 1,
  };
  return store(registry, { config, layers: [] }, MANIFEST);
};
const indexOf = (registry: MemoryRegistry, ...manifests: object[]) => store(registry, { manifests }, INDEX);

/** Checks a base offline, from recorded answers of a registry. */
async function check(registry: MemoryRegistry, digest: string, manifest: string, rule = RULE) {
  const directory = temporaryDirectory();
  const file = join(directory, `${blobFileName(digest)}-${blobFileName(manifest)}.json`);
  const reader = recordingReader(registry);
  // Record every answer that the check may need, even if verification fails.
  for (const name of registry.content.keys()) await reader.manifest(name);
  const digests: [string, string] = [digest, manifest];
  const place = { registry: image.registry, repository: image.repository, digests };
  await verifyImage(reader, place, { rules: [rule] }).catch(() => undefined);
  for (const name of digests) await reader.referrers(name);
  await reader.save(file);
  const notices: string[] = [];
  const pin = { reference: 'registry.test/os/debian:12', digest, platform: 'linux/amd64', manifest };
  await checkBaseTrust(
    { image, pin, rule },
    {
      access: { runner: realRunner(), registries: [], env: {} },
      directory,
      offline: true,
      notice: (text) => notices.push(text),
    },
  );
  return notices;
}

describe('a base without a network', () => {
  test('is trusted by the signature of its manifest, which the notice names', async () => {
    const registry = memoryRegistry();
    const manifest = manifestOf(registry, 'one');
    registry.addBundle(manifest.digest, release);
    expect(await check(registry, manifest.digest, manifest.digest)).toEqual([
      `registry.test/os/debian:12 (${manifest.digest}) is signed by release.pub, as trust.base requires`,
    ]);
  });

  test.each([
    ['names it', (registry: MemoryRegistry, manifest: object) => indexOf(registry, manifest)],
    [
      'leads to it through another index',
      (registry: MemoryRegistry, manifest: object) =>
        indexOf(registry, manifestOf(registry, 'other'), indexOf(registry, manifest)),
    ],
  ])('is trusted by the signature of an index that %s', async (_, make) => {
    const registry = memoryRegistry();
    const manifest = manifestOf(registry, 'one');
    const index = make(registry, manifest);
    registry.addBundle(index.digest, release);
    expect(await check(registry, index.digest, manifest.digest)).toEqual([
      expect.stringContaining(`(${index.digest}) is signed by release.pub`),
    ]);
  });

  test.each([
    ['does not have it', (registry: MemoryRegistry) => indexOf(registry, manifestOf(registry, 'other'))],
    [
      'leads to it through four others',
      (registry: MemoryRegistry, manifest: object) => {
        let index = indexOf(registry, manifest);
        for (let level = 0; level < 4; level += 1) index = indexOf(registry, index);
        return index;
      },
    ],
  ])('is refused when the signed index %s', async (_, make) => {
    const registry = memoryRegistry();
    const manifest = manifestOf(registry, 'one');
    const index = make(registry, manifest);
    registry.addBundle(index.digest, release);
    const error = await failureOf(() => check(registry, index.digest, manifest.digest), 'verification');
    expect(error.message).toContain(`${index.digest} does not have the manifest ${manifest.digest}`);
    expect(error.remedy).toContain('lock --update');
  });

  test('is refused when the index was changed after signing', async () => {
    const registry = memoryRegistry();
    const manifest = manifestOf(registry, 'one');
    const index = indexOf(registry, manifestOf(registry, 'other'));
    registry.addBundle(index.digest, release);
    const lie = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [manifest] });
    registry.content.set(index.digest, Buffer.from(lie));
    await failureOf(() => check(registry, index.digest, manifest.digest), 'verification');
  });

  test.each([
    ['nobody signed it', () => undefined],
    [
      'a stranger signed it',
      (registry: MemoryRegistry, digest: string) => registry.addBundle(digest, signer('x')),
    ],
  ])('is refused when %s', async (_, sign) => {
    const registry = memoryRegistry();
    const manifest = manifestOf(registry, 'one');
    sign(registry, manifest.digest);
    await failureOf(() => check(registry, manifest.digest, manifest.digest), 'verification');
  });

  test('is refused if it was never checked online, and the remedy says so', async () => {
    const digest = digestOf(Buffer.from('x'));
    const pin = {
      reference: 'registry.test/os/debian:12',
      digest,
      platform: 'linux/amd64',
      manifest: digest,
    };
    const error = await failureOf(
      () =>
        checkBaseTrust(
          { image, pin, rule: RULE },
          {
            access: { runner: realRunner(), registries: [], env: {} },
            directory: temporaryDirectory(),
            offline: true,
            notice: () => undefined,
          },
        ),
      'step',
    );
    expect(error.remedy).toContain('without --offline');
  });
});
