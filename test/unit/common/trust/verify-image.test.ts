import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import type { RegistryReader } from '../../../../src/common/oci/registry/repository-reader.ts';
import { verifyImage } from '../../../../src/common/trust/verify-image.ts';
import { failureOf } from '../../support/failure.ts';
import { type MemoryRegistry, memoryRegistry } from './support/memory-registry.ts';
import { anyDigest, bundle, digestOf, policyOf, signer, simpleSigning, statement } from './support/signer.ts';

const release = signer('release.pub');
const backup = signer('backup.pub', 'ed25519');
const third = signer('third.pub', 'rsa');
const stranger = signer('stranger.pub');
const digest = anyDigest();
const imageOf = (...digests: [string, ...string[]]) => ({
  registry: 'registry.test',
  repository: 'os/debian',
  digests,
});
const image = imageOf(digest);

async function refusal(
  registry: RegistryReader,
  policy = policyOf([release]),
  what = image,
): Promise<string> {
  const error = await failureOf(() => verifyImage(registry, what, policy), 'verification');
  expect(error.remedy).toBeTruthy();
  return [error.message, ...error.details].join('\n');
}

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const forms = [
  ['classic', 'by its tag', BUNDLE, (registry: MemoryRegistry) => registry.addClassic],
  ['classic', 'as a referrer', BUNDLE, (registry: MemoryRegistry) => registry.addClassicReferrer],
  ['bundle', 'by its type', BUNDLE, (registry: MemoryRegistry) => registry.addBundle],
  [
    'bundle',
    'by the type of its configuration',
    'application/vnd.oci.empty.v1+json',
    (registry: MemoryRegistry) => registry.addBundle,
  ],
  ['bundle', 'without a type', null, (registry: MemoryRegistry) => registry.addBundle],
] as const;

describe.each(forms)('a signature of the form %s, listed %s,', (form, _listed, listedAs, add) => {
  test.each([
    ['ECDSA', release],
    ['Ed25519', backup],
    ['RSA', third],
  ])('is valid by %s', async (_, by) => {
    const registry = memoryRegistry(listedAs);
    add(registry)(digest, by);
    expect(await verifyImage(registry, image, policyOf([by]))).toMatchObject({
      digest,
      rules: ['registry.test/os/'],
      signatures: [{ form, key: by.trust.name, fingerprint: by.trust.fingerprint }],
    });
  });

  test('with an unknown key is refused', async () => {
    const registry = memoryRegistry(listedAs);
    add(registry)(digest, stranger);
    expect(await refusal(registry)).toContain('was made by an unknown key');
  });

  test('for another image is refused', async () => {
    const registry = memoryRegistry(listedAs);
    const other = anyDigest();
    const text = form === 'classic' ? simpleSigning(other) : bundle(statement(other), release);
    add(registry)(digest, release, text);
    expect(await refusal(registry)).toContain(`is for another image, ${other}`);
  });

  test('of another type is refused', async () => {
    const registry = memoryRegistry(listedAs);
    const sbom = statement(digest, 'https://spdx.dev/Document');
    const text = form === 'classic' ? simpleSigning(digest, 'atomic') : bundle(sbom, release);
    add(registry)(digest, release, text);
    expect(await refusal(registry)).toMatch(/is a "atomic"|statement of another type, https:\/\/spdx.dev/);
  });

  test('whose blob was changed in the registry is refused', async () => {
    const registry = memoryRegistry(listedAs);
    const blob = add(registry)(digest, release);
    registry.content.set(blob, Buffer.from(registry.content.get(blob) ?? []).fill(32, 5, 6));
    expect(await refusal(registry)).toContain('its content was changed');
  });

  test('whose payload was replaced along with its digest is refused', async () => {
    const registry = memoryRegistry(listedAs);
    const real = bundle(statement(anyDigest()), release);
    const payload = Buffer.from(statement(digest)).toString('base64');
    const forged = { ...JSON.parse(real), dsseEnvelope: { ...JSON.parse(real).dsseEnvelope, payload } };
    if (form === 'bundle') registry.addBundle(digest, release, JSON.stringify(forged));
    else add(registry)(digest, { ...release, sign: () => release.sign(Buffer.from('else')) });
    expect(await refusal(registry)).toContain('or its content was changed');
  });

  test.each(['', 'no JSON', '{}', '[]', 'null', '{"critical":{}}', '{"mediaType":"x"}'])(
    'that is %j is refused',
    async (text) => {
      const registry = memoryRegistry(listedAs);
      add(registry)(digest, release, text);
      expect(await refusal(registry)).toContain('cannot be read');
    },
  );

  test('that is too long is refused', async () => {
    const registry = memoryRegistry(listedAs);
    add(registry)(digest, release, ' '.repeat(2 ** 20 + 1));
    expect(await refusal(registry)).toContain('longer than');
  });

  test('that is gone is refused, and the next one is valid', async () => {
    const registry = memoryRegistry(listedAs);
    const lost = add(registry)(digest, stranger);
    registry.content.delete(lost);
    expect(await refusal(registry)).toContain('404');
    add(registry)(digest, release);
    expect((await verifyImage(registry, image, policyOf([release]))).signatures).toHaveLength(1);
  });
});

describe('a bundle is refused', () => {
  const good = statement(digest);
  const certificate = { publicKey: undefined, certificate: { rawBytes: 'AAAA' } };
  test.each([
    ['with two signatures', bundle(good, release, { signatures: 2 }), 'invalid bundle'],
    ['with none', bundle(good, release, { signatures: 0 }), 'invalid bundle'],
    [
      'with a certificate',
      bundle(good, release, { material: certificate }),
      'with a certificate, not with a key',
    ],
    [
      'with another payload type',
      bundle(good, release, { payloadType: 'text/plain' }),
      'its payload is text/plain',
    ],
    ['with another statement', bundle(good.replace('/v1"', '/v9"'), release), 'is not an in-toto statement'],
    [
      'over a file',
      JSON.stringify({
        ...JSON.parse(bundle(good, release)),
        dsseEnvelope: undefined,
        messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest: 'AAAA' }, signature: 'AAAA' },
      }),
      'it signs a file',
    ],
  ])('%s', async (_, text, reason) => {
    const registry = memoryRegistry();
    registry.addBundle(digest, release, text);
    expect(await refusal(registry)).toContain(reason);
  });
});

describe('referrers of an unstated type', () => {
  test('without a bundle are skipped', async () => {
    const registry = memoryRegistry(null);
    registry.addReferrer(digest, { layers: [{ mediaType: 'text/plain', digest: digestOf('') }] });
    expect(await refusal(registry)).toContain(`${digest} is not signed`);
    registry.addBundle(digest, release);
    expect((await verifyImage(registry, image, policyOf([release]))).signatures).toHaveLength(1);
  });

  test('with another predicate type are not fetched', async () => {
    const registry = memoryRegistry(null);
    const annotations = { 'dev.sigstore.bundle.predicateType': 'https://spdx.dev/Document' };
    registry.addReferrer(digest, { layers: [{ mediaType: BUNDLE, digest: digestOf('sbom') }], annotations });
    expect(await refusal(registry)).toContain(`${digest} is not signed`);
    expect(registry.requests).not.toContain(digestOf('sbom'));
  });

  test('are read a hundred times at most', async () => {
    const registry = memoryRegistry(null);
    for (let count = 0; count < 101; count += 1) registry.addReferrer(digest, { layers: [], count });
    registry.addBundle(digest, release);
    expect(await refusal(registry)).toContain('more than 100 of an unstated type');
  });
});

test('the referrers of an image are listed once', async () => {
  const registry = memoryRegistry();
  await refusal(registry);
  expect(registry.requests.filter((request) => request.startsWith('referrers'))).toHaveLength(1);
});

test('entries of a transparency log are ignored', async () => {
  const registry = memoryRegistry();
  const entry = {
    logIndex: '1',
    logId: { keyId: 'AAAA' },
    kindVersion: { kind: 'dsse', version: '0.0.1' },
    integratedTime: '1',
    inclusionProof: {
      logIndex: '1',
      rootHash: 'AAAA',
      treeSize: '2',
      hashes: [],
      checkpoint: { envelope: 'x' },
    },
    canonicalizedBody: 'AAAA',
  };
  const timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp: 'AAAA' }] };
  const material = { tlogEntries: [entry], timestampVerificationData };
  registry.addBundle(digest, release, bundle(statement(digest), release, { material }));
  expect((await verifyImage(registry, image, policyOf([release]))).digest).toBe(digest);
});

test('an image without any signature is refused', async () => {
  expect(await refusal(memoryRegistry())).toContain(`${digest} is not signed`);
});

test('a classic signature without its annotation is refused', async () => {
  const registry = memoryRegistry();
  const layers = [{ mediaType: 'text/plain', digest: digestOf('') }];
  registry.content.set(`${digest.replace(':', '-')}.sig`, Buffer.from(JSON.stringify({ layers })));
  expect(await refusal(registry)).toContain('it has no annotation');
});

describe('the threshold', () => {
  const two = policyOf([release, backup, third], 2);

  test('requires different keys, in either form', async () => {
    const registry = memoryRegistry();
    registry.addBundle(digest, release);
    registry.addBundle(digest, release, `${bundle(statement(digest), release)} `);
    registry.addClassic(digest, release);
    const message = await refusal(registry, two);
    expect(message).toContain(
      'requires signatures by 2 different keys of release.pub, backup.pub, third.pub',
    );
    expect(message).toContain('is valid, by release.pub');
    registry.addClassic(digest, backup);
    expect((await verifyImage(registry, image, two)).signatures.map(({ key }) => key)).toContain(
      'backup.pub',
    );
  });

  test('is not met by one key in two files', async () => {
    const registry = memoryRegistry();
    registry.addBundle(digest, release);
    registry.addClassic(digest, release);
    const [rule] = policyOf(
      [release, { ...release, trust: { ...release.trust, name: 'copy.pub' } }],
      2,
    ).rules;
    expect(await refusal(registry, { rules: rule ? [rule] : [] })).toContain('requires signatures by 2');
  });

  test('applies to each of several equally specific entries', async () => {
    const registry = memoryRegistry();
    registry.addBundle(digest, release);
    const both = {
      rules: [...policyOf([release]).rules, ...policyOf([backup], 1, 'registry.test/os/*').rules],
    };
    expect(await refusal(registry, both)).toContain('requires a signature of backup.pub');
    registry.addBundle(digest, backup);
    expect((await verifyImage(registry, image, both)).rules).toEqual([
      'registry.test/os/',
      'registry.test/os/*',
    ]);
  });
});

describe('an index and a manifest', () => {
  const manifest = anyDigest();
  const multi = imageOf(digest, manifest);

  test.each([digest, manifest])('verify if either is signed: %s', async (signed) => {
    const registry = memoryRegistry();
    registry.addBundle(signed, release);
    expect((await verifyImage(registry, multi, policyOf([release]))).digest).toBe(signed);
  });

  test('need enough signatures on one of them', async () => {
    const registry = memoryRegistry();
    registry.addBundle(digest, release);
    registry.addBundle(manifest, backup);
    expect(await refusal(registry, policyOf([release, backup], 2), multi)).toContain(
      'requires signatures by 2',
    );
  });

  test('are both named when neither is signed', async () => {
    const message = await refusal(memoryRegistry(), undefined, multi);
    expect(message).toContain(`${digest} is not signed`);
    expect(message).toContain(`${manifest} is not signed`);
  });
});

test('a repository that the policy does not name is refused without a request', async () => {
  const registry = memoryRegistry();
  registry.addBundle(digest, release);
  const message = await refusal(registry, policyOf([release], 1, 'registry.test/other/'));
  expect(message).toContain('no entry of the trust policy matches registry.test/os/debian');
  expect(registry.requests).toEqual([]);
});

test.each(['v1', 'sha256:abc', `sha512:${'0'.repeat(128)}`, `sha256:${'0'.repeat(64)}\n`])(
  '%j is not a digest',
  async (wrong) => {
    expect(await refusal(memoryRegistry(), undefined, imageOf(wrong))).toContain('is not a sha256 digest');
  },
);

test('examines at most 100 signatures', async () => {
  const registry = memoryRegistry();
  for (let count = 0; count < 100; count += 1) registry.addClassic(digest, stranger);
  registry.addClassic(digest, release);
  expect(await refusal(registry)).toContain('only 100 are examined');
});

describe('a registry that fails', () => {
  const broken = (error: Error): RegistryReader => ({
    manifest: () => Promise.reject(error),
    blob: () => Promise.reject(error),
    referrers: () => Promise.reject(error),
  });

  test('verifies nothing', async () => {
    expect(await refusal(broken(new Error('connection reset\u001b[2J')))).toContain(
      'cannot be read: connection reset?[2J',
    );
  });

  test.each(['manifest', 'blob', 'referrers'] as const)(
    'for %s is reported as failing, not the image as unsigned, unless what was read is enough',
    async (request) => {
      const registry = memoryRegistry();
      registry.addClassic(digest, release);
      registry.addBundle(digest, backup);
      const outage = new FactoryError('REGISTRY_UNREACHABLE', 'registry.test responds with HTTP 500');
      const failing = { ...registry, [request]: () => Promise.reject(outage) };
      expect(await failureOf(() => verifyImage(failing, image, policyOf([third])))).toBe(outage);
      const refused = new FactoryError('REGISTRY_REFUSED', 'registry.test responds with HTTP 405');
      const refusing = { ...registry, [request]: () => Promise.reject(refused) };
      expect(await refusal(refusing, policyOf([third]))).toContain('HTTP 405');
      if (request === 'referrers')
        expect(await verifyImage(failing, image, policyOf([release]))).toMatchObject({ digest });
    },
  );

  test('is not queried after an interruption', async () => {
    const interruption = new FactoryError('INTERRUPTED', 'interrupted');
    const error = await failureOf(() => verifyImage(broken(interruption), image, policyOf([release])));
    expect(error).toBe(interruption);
  });
});
