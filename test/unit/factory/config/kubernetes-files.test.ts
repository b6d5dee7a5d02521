import { describe, expect, test } from 'vitest';
import { nameOf } from '../../../../src/factory/config/file-source.ts';
import type { KubernetesSpec } from '../../../../src/factory/config/kubernetes.ts';
import { findInList, wantedFiles } from '../../../../src/factory/config/kubernetes-files.ts';

const K3S: KubernetesSpec = { distribution: 'k3s', version: 'v1.34.1+k3s1', airgap: false, images: [] };
const K0S: KubernetesSpec = { ...K3S, distribution: 'k0s', version: 'v1.34.1+k0s.0' };
const RELEASE = 'https://github.com/k3s-io/k3s/releases/download/v1.34.1%2Bk3s1';
const SUM = 'a'.repeat(64);

describe('wantedFiles', () => {
  test('uses the program and the checksum list of the release', () => {
    expect(wantedFiles(K3S, 'amd64')).toEqual([
      {
        role: 'program',
        name: 'k3s',
        source: {
          kind: 'urls',
          urls: [`${RELEASE}/k3s`],
          pin: { kind: 'list', url: `${RELEASE}/sha256sum-amd64.txt` },
        },
      },
    ]);
    expect(wantedFiles(K3S, 'arm64')[0]?.source).toMatchObject({
      urls: [`${RELEASE}/k3s-arm64`],
      pin: { url: `${RELEASE}/sha256sum-arm64.txt` },
    });
    const k0s = 'https://github.com/k0sproject/k0s/releases/download/v1.34.1%2Bk0s.0';
    expect(wantedFiles(K0S, 'amd64')[0]?.source).toMatchObject({
      urls: [`${k0s}/k0s-v1.34.1+k0s.0-amd64`],
      pin: { url: `${k0s}/sha256sums.txt` },
    });
  });

  test('a checksum in the configuration takes precedence over the list', () => {
    expect(wantedFiles({ ...K3S, sha256: SUM }, 'amd64')[0]?.source).toMatchObject({
      pin: { kind: 'sha256', sha256: SUM },
    });
  });

  test('uses the same names on a mirror', () => {
    const mirror = 'https://mirror.example/k3s';
    expect(wantedFiles({ ...K3S, mirror }, 'amd64')[0]?.source).toMatchObject({
      urls: [`${mirror}/v1.34.1%2Bk3s1/k3s`],
      pin: { url: `${mirror}/v1.34.1%2Bk3s1/sha256sum-amd64.txt` },
    });
  });

  test('gives air-gap images the same name in all versions, whatever their name in the release', () => {
    const [, k3s] = wantedFiles({ ...K3S, airgap: true }, 'amd64');
    expect(k3s).toMatchObject({ role: 'images', name: 'k3s-airgap-images-amd64.tar.zst' });
    const [, k0s] = wantedFiles({ ...K0S, airgap: true }, 'arm64');
    expect(k0s).toMatchObject({ role: 'images', name: 'k0s-airgap-images-arm64.tar' });
    expect(k0s?.source).toMatchObject({
      urls: [
        expect.stringMatching(/\/k0s-airgap-bundle-v1\.34\.1\+k0s\.0-arm64$/),
        expect.stringMatching(/\/k0s-airgap-bundle-v1\.34\.1\+k0s\.0-linux-arm64\.tar$/),
      ],
    });
  });

  test('accepts paths and URLs of images, each with its checksum', () => {
    const images = [
      { source: '/srv/apps.tar' },
      { source: 'https://files.example/more%20apps.tar', sha256: SUM },
    ];
    expect(wantedFiles({ ...K3S, binary: '/srv/k3s', images }, 'amd64')).toEqual([
      { role: 'program', name: 'k3s', source: { kind: 'file', path: '/srv/k3s', sha256: undefined } },
      {
        role: 'images',
        name: 'apps.tar',
        source: { kind: 'file', path: '/srv/apps.tar', sha256: undefined },
      },
      {
        role: 'images',
        name: 'more apps.tar',
        source: {
          kind: 'urls',
          urls: ['https://files.example/more%20apps.tar'],
          pin: { kind: 'sha256', sha256: SUM },
        },
      },
    ]);
  });
});

describe('findInList', () => {
  const list = `${SUM}  k3s-airgap-images-amd64.tar\n${'B'.repeat(64)} *./bin/k3s\r\nnot a line\n`;

  test('finds names in the format of sha256sum', () => {
    expect(findInList(list, ['https://a/k3s'])).toEqual({ url: 'https://a/k3s', sha256: 'b'.repeat(64) });
  });

  test('returns the first URL in the list, and does not match similar names', () => {
    expect(findInList(list, ['https://a/none', 'https://a/k3s'])?.url).toBe('https://a/k3s');
    expect(findInList(list, ['https://a/k3s-airgap-images-amd64.tar.zst'])).toBeUndefined();
    expect(findInList('', ['https://a/k3s'])).toBeUndefined();
  });
});

test('nameOf returns the last component', () => {
  expect([nameOf('/a/b.tar'), nameOf('https://h/x%2By?q=1')]).toEqual(['b.tar', 'x+y']);
  expect([nameOf('https://h/5%.tar'), nameOf('https://h/a%2Fb'), nameOf('https://')]).toEqual([
    '5%.tar',
    'b',
    '',
  ]);
});
