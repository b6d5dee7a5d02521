import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadBuildSpec } from '../../../../../src/factory/config/build-spec.ts';
import { BuildConfiguration } from '../../../../../src/factory/config/schema.ts';
import {
  publicParameters,
  publicReference,
  publicUrl,
} from '../../../../../src/factory/inspect/provenance/public-parameters.ts';
import {
  LOCAL_BUILDER,
  provenanceStatement,
} from '../../../../../src/factory/inspect/provenance/statement.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../../support/temporary.ts';

const FACTS = {
  subjects: [
    { name: 'b.iso', digest: { sha256: 'bb' } },
    { name: 'a.raw', digest: { sha256: 'aa' } },
  ],
  external: { flavor: 'debian' },
  internal: { 'source-date-epoch': 1 },
  dependencies: [
    { name: 'flavor', uri: 'debian.yaml', digest: { sha256: 'f1' } },
    { name: 'base', uri: 'oci://x', digest: { sha256: 'f2' } },
  ],
  builder: LOCAL_BUILDER,
  versions: { xorriso: '1.5.4', 'kairos-factory': 'v0.1.0' },
};

describe('provenanceStatement', () => {
  test('is an in-toto statement with SLSA provenance v1', () => {
    expect(provenanceStatement(FACTS)).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://slsa.dev/provenance/v1',
      subject: [FACTS.subjects[1], FACTS.subjects[0]],
      predicate: {
        buildDefinition: {
          buildType: 'urn:kairos-factory:build:v1',
          externalParameters: FACTS.external,
          internalParameters: FACTS.internal,
          resolvedDependencies: [FACTS.dependencies[1], FACTS.dependencies[0]],
        },
        runDetails: {
          builder: {
            id: 'urn:kairos-factory:builder:local',
            version: { 'kairos-factory': 'v0.1.0', xorriso: '1.5.4' },
          },
        },
      },
    });
  });

  test('does not depend on the order of the facts', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(FACTS.subjects, { minLength: 2 }),
        fc.shuffledSubarray(FACTS.dependencies, { minLength: 2 }),
        (subjects, dependencies) => {
          expect(JSON.stringify(provenanceStatement({ ...FACTS, subjects, dependencies }))).toBe(
            JSON.stringify(provenanceStatement(FACTS)),
          );
        },
      ),
    );
  });
});

/** Keys of the configuration that are not parameters of a provenance, with the reason. */
const UNPUBLISHED: Readonly<Record<string, string>> = {
  'containerfile-stage': 'is part of containerfile',
  'containerfile-context': 'a directory, whose files are dependencies',
  'release-output': 'where files go',
  'release-previous': 'what a release is compared with',
  registries: 'how files are fetched',
  push: 'where files go',
  'lock-file': 'its digests are dependencies',
  engine: 'the image is the same with every engine',
  buildkit: 'the image is the same with every engine',
  output: 'where files go',
  sbom: 'a file beside the image',
  'fail-on': 'refuses an image, and does not change it',
  'size-budget': 'refuses an image, and does not change it',
  'builder-id': 'is the builder of the statement',
  audit: 'refuses an image, and does not change it',
  prove: 'boots the artifacts, and does not change them',
  sign: 'signs files beside the image',
  cache: 'a shared result has the digest of the one that it stands for',
};

describe('publicParameters', () => {
  const spec = async (home: string) => {
    plant(home, {
      'f.yaml': [
        'flavor: ./my.yaml',
        'base: oci:layouts/base:v1',
        'mirror: https://ann:secret@mirror.example/debian?key=secret',
        'packages: [b, a]',
        'package-sets: [upstream]',
        'kubernetes: { distribution: k3s, version: v1.34.1+k3s1, binary: ./bin/k3s, images: [./img/a.tar] }',
        'bundles: ["dir:bundles/one"]',
        'containerfile: Containerfile',
        'cloud-config: c.yaml',
        'overlay-rootfs: tree',
        'registries: [{ registry: registry-of-mine.example, ca: ./ca.pem }]',
        'builder-id: https://ci.example/build',
        'snapshot: 2026-01-31',
        'hooks: { before-seal: [{ run: hooks/harden.sh, environment: { TOKEN: secret } }] }',
        'trust: { upgrade: [{ match: registry.example/os, keys: [./keys/release.pub] }] }',
      ].join('\n'),
      'c.yaml': '#cloud-config\nhostname: x\n',
      Containerfile: 'FROM base\n',
      'hooks/harden.sh': '#!/bin/sh\n',
      tree: DIRECTORY,
    });
    return loadBuildSpec({ file: `${home}/f.yaml`, set: [], flags: { arch: 'amd64' } });
  };

  test('omits local paths and secrets', async () => {
    const home = temporaryDirectory();
    const parameters = publicParameters(await spec(home));
    const text = JSON.stringify(parameters);
    expect(text).not.toContain(home);
    expect(text).not.toMatch(/secret|ann|ca\.pem|registry-of-mine/);
    expect(parameters).toMatchObject({
      flavor: 'my.yaml',
      base: 'oci:base:v1',
      snapshot: '20260131T000000Z',
      'trust.upgrade': [{ match: 'registry.example/os', threshold: 1, keys: ['release.pub'] }],
      mirror: 'https://mirror.example/debian',
      packages: ['a', 'b'],
      bundles: [{ image: 'dir:one', mode: 'unpack' }],
      kubernetes: { distribution: 'k3s', binary: 'k3s', images: [{ source: 'a.tar' }] },
      containerfile: { file: 'Containerfile', stage: 'before' },
      hooks: { 'before-seal': [{ run: 'harden.sh', inputs: [], environment: ['TOKEN'] }] },
      'cloud-config': 'c.yaml',
    });
  });

  test('has every key of the configuration, but for those that do not change the image', async () => {
    const all = {
      ...(await spec(temporaryDirectory())),
      ...{
        flavor: 'debian',
        release: 'bookworm',
        kernelFrom: 'dir:kernel',
        overlayIso: '/iso',
        netboot: true,
        installPackages: false,
      },
    };
    const published = Object.keys(publicParameters(all)).map((key) => key.split('.')[0]);
    const keys = Object.keys(BuildConfiguration.shape).filter((key) => !published.includes(key));
    expect(keys).toEqual(Object.keys(UNPUBLISHED));
  });

  test('does not depend on the location of the configuration', async () => {
    const [one, two] = [temporaryDirectory(), temporaryDirectory()];
    expect(publicParameters(await spec(one))).toEqual(publicParameters(await spec(two)));
  });
});

test.each([
  ['docker://debian:12', 'docker://docker.io/library/debian:12'],
  ['dir:/home/ann/root', 'dir:root'],
  ['docker-archive:/home/ann/a.tar', 'docker-archive:a.tar'],
  ['/home/ann/kairos-init', 'kairos-init'],
  ['bootstrap:bookworm', 'bootstrap:bookworm'],
])('publicReference(%s)', (text, expected) => {
  expect(publicReference(text)).toBe(expected);
});

test('publicUrl omits everything that may be a secret', () => {
  expect(publicUrl('https://a:b@example.org/x?token=c#d')).toBe('https://example.org/x');
});
