import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const SUM = 'ab'.repeat(32);

async function load(yaml: string, more: { set?: string[]; flags?: Record<string, unknown> } = {}) {
  const root = plant(temporaryDirectory(), { 'kairos-factory.yaml': `flavor: debian\n${yaml}` });
  const file = join(root, 'kairos-factory.yaml');
  return { root, spec: await loadBuildSpec({ file, set: more.set ?? [], flags: more.flags ?? {} }) };
}

describe('the key kubernetes', () => {
  test.each(['k3s@v1.34.1+k3s1', 'k3s@1.34.1+k3s1'])('in its short form: %s', async (kubernetes) => {
    const { spec } = await load('', { flags: { kubernetes } });
    expect(spec.variant).toBe('standard');
    expect(spec.kubernetes).toEqual({
      distribution: 'k3s',
      version: 'v1.34.1+k3s1',
      airgap: false,
      images: [],
    });
  });

  test('as a mapping, with paths relative to the file', async () => {
    const { root, spec } = await load(
      [
        'kubernetes:',
        '  distribution: k0s',
        '  version: v1.34.1+k0s.0',
        '  binary: files/k0s',
        `  sha256: ${SUM.toUpperCase()}`,
        '  images:',
        '    - files/apps.tar',
        `    - { source: "https://files.example/more.tar", sha256: ${SUM} }`,
      ].join('\n'),
    );
    expect(spec.kubernetes).toMatchObject({
      binary: join(root, 'files/k0s'),
      sha256: SUM,
      images: [
        { source: join(root, 'files/apps.tar') },
        { source: 'https://files.example/more.tar', sha256: SUM },
      ],
    });
  });

  test('--set reaches below it, with paths relative to the working directory', async () => {
    const { spec } = await load('kubernetes: { distribution: k3s, version: v1.34.1+k3s1 }', {
      set: ['kubernetes.binary=some/k3s'],
    });
    expect(spec.kubernetes?.binary).toBe(join(process.cwd(), 'some/k3s'));
  });

  test('without it there is no Kubernetes', async () => {
    const { spec } = await load('variant: core');
    expect([spec.variant, spec.kubernetes]).toEqual(['core', undefined]);
  });

  const mapping = (...lines: string[]) =>
    ['kubernetes:', '  distribution: k3s', '  version: v1.34.1+k3s1', ...lines].join('\n  ');
  test.each([
    [
      'kubernetes: k8s@v1.34.1',
      /yaml:2:1: kubernetes\.distribution: "k8s" is none of k3s, k0s \(did you mean "k/,
    ],
    ['kubernetes: k3s', /yaml:2:1: kubernetes: "k3s" has no version after an @: write, for example, k3s@v1/],
    ['kubernetes: k3s@v1.34.1', /"v1\.34\.1" is not a version of k3s, such as v1\.34\.1\+k3s1/],
    ['kubernetes: k0s@v1.34.1+k3s1', /"v1\.34\.1\+k3s1" is not a version of k0s/],
    ['kubernetes: k3s@v1.34.1-k3s1', /is not a version of k3s/],
    [
      'kubernetes: { distribution: k3s, version: v1.34.1+k3s1, binry: x }',
      /unknown key "binry" \(did you mean "binary"/,
    ],
    [mapping('binary: https://h.example/k3s'), /kubernetes\.sha256: is required if binary is a URL/],
    [mapping('sha256: abc'), /yaml:5:3: kubernetes\.sha256: "abc" is not a sha256 in hex/],
    [mapping('images: ["https://h.example/a.tar"]'), /images\.0\.sha256: is required for a URL/],
    [mapping('images: [a.tar.xz]'), /images\.0: k3s only loads files that end in \.tar, /],
    [mapping('images: [a/x.tar, b/x.tar]'), /images\.1: two files have the name x\.tar/],
    [
      mapping(`images: [{ source: "https://h.example/", sha256: ${SUM} }]`),
      /images\.0: "https:\/\/h\.example\/" has no usable/,
    ],
    [
      mapping('airgap: true', 'images: [k3s-airgap-images-amd64.tar.zst]'),
      /images\.0: airgap already includes these images/,
    ],
    [mapping('mirror: http://h.example/k3s'), /mirror: would serve the checksums without TLS/],
    ['variant: standard', /variant standard needs a Kubernetes distribution, but none is given/],
    ['variant: core\nkubernetes: k3s@v1.34.1+k3s1', /variant core has no Kubernetes, but k3s is requested/],
  ])('refuses %j', async (yaml, message) => {
    const { message: first, details } = await failureOf(
      () => load(yaml.replaceAll('\n    ', '\n  ')),
      'usage',
    );
    expect([first, ...details].join('\n')).toMatch(message);
  });
});

describe('the key bundles', () => {
  test('accepts references and mappings, with paths relative to the file', async () => {
    const { root, spec } = await load('bundles: ["oci:a", { image: "docker-archive:b.tar", mode: run }]');
    expect(spec.bundles).toEqual([
      { image: `oci:${root}/a`, mode: 'unpack' },
      { image: `docker-archive:${root}/b.tar`, mode: 'run' },
    ]);
  });

  test.each([
    [
      'bundles: [{ image: "oci:a", mode: rum }]',
      /bundles\.0\.mode: "rum" is none of unpack, run \(did you mean "run"/,
    ],
    ['bundles: ["ocy:a"]', /"ocy:" is not a known prefix/],
  ])('refuses %j', async (yaml, message) => {
    expect((await failureOf(() => load(yaml), 'usage')).message).toMatch(message);
  });
});
