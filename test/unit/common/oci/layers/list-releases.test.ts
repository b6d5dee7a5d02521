import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listReleases, listReleasesCommand } from '../../../../../src/agent/commands/list-releases.ts';
import { compareVersions } from '../../../../../src/common/oci/layers/release-tags.ts';
import { testHost } from '../../../agent/support/test-host.ts';
import { realFetch, type TestRegistry, testRegistry } from './support/test-registry.ts';

const CORE = '24.04-core-amd64-generic-';
const STANDARD = '24.04-standard-amd64-generic-';
const TAGS = [
  'latest',
  `${CORE}v3.5.5`,
  `${CORE}v3.5.6`,
  `${CORE}v3.5.10`,
  `${CORE}v3.6.0-rc9`,
  `${CORE}v3.6.0-rc10`,
  `${CORE}v3.5.11-uki`,
  `${CORE}v3.5.11-img`,
  '24.04-core-arm64-generic-v3.9.0',
  '22.04-core-amd64-generic-v3.9.0',
  '24.04-core-amd64-rpi4-v3.9.0',
  `${STANDARD}v3.5.6-k3sv1.33.5-k3s1`,
  `${STANDARD}v3.5.6-k3sv1.34.1-k3s1`,
  `${STANDARD}v3.5.6-k3sv1.34.1-k3s2`,
  `${STANDARD}v3.5.7-k0sv1.34.1-k0s.0`,
  `${STANDARD}v3.5.7-rc1-k3sv1.34.1-k3s1`,
  `${STANDARD}v3.5.8-k3s-v1.34.1-k3s1`,
];

function release(values: Readonly<Record<string, string>> = {}): string {
  const all: Record<string, string> = {
    FLAVOR: 'ubuntu',
    FLAVOR_RELEASE: '24.04',
    VARIANT: 'core',
    ARCH: 'amd64',
    MODEL: 'generic',
    VERSION: 'v3.5.6',
    ...values,
  };
  return Object.entries(all)
    .map(([key, value]) => `KAIROS_${key}="${value}"\n`)
    .join('');
}

let server: TestRegistry;
beforeEach(async () => {
  server = await testRegistry();
  server.interfere = ({ path }, response) => {
    if (path === '/v2/kairos/ubuntu/tags/list') response.end(JSON.stringify({ tags: TAGS }));
    return path === '/v2/kairos/ubuntu/tags/list';
  };
});
afterEach(() => server[Symbol.asyncDispose]());

const list = async (options = {}, node = release()) => {
  await using host = await testHost({ fetch: realFetch, files: { '/etc/kairos-release': node } });
  const found = await listReleases(host, { registry: `${server.address}/kairos`, ...options });
  return found.map(({ tag }) => tag);
};
const standard = release({
  VARIANT: 'standard',
  SOFTWARE_VERSION: 'v1.34.1+k3s1',
  SOFTWARE_VERSION_PREFIX: 'k3s',
});

describe('releases', () => {
  test('newer ones for this node, newest first', async () => {
    expect(await list()).toEqual([`${CORE}v3.5.10`]);
  });

  test('pre-releases, in numerical order', async () => {
    expect(await list({ pre: true })).toEqual([`${CORE}v3.6.0-rc10`, `${CORE}v3.6.0-rc9`, `${CORE}v3.5.10`]);
  });

  test('all', async () => {
    expect(await list({ all: true })).toEqual([`${CORE}v3.5.10`, `${CORE}v3.5.6`, `${CORE}v3.5.5`]);
  });

  test('with Kubernetes, the same distribution', async () => {
    expect(await list({}, standard)).toEqual([
      `${STANDARD}v3.5.8-k3s-v1.34.1-k3s1`,
      `${STANDARD}v3.5.6-k3sv1.34.1-k3s2`,
    ]);
    expect(await list({ pre: true }, standard)).toContain(`${STANDARD}v3.5.7-rc1-k3sv1.34.1-k3s1`);
  });

  test('for Trusted Boot', async () => {
    expect(await list({}, release({ TRUSTED_BOOT: 'true' }))).toEqual([`${CORE}v3.5.11-uki`]);
  });

  test('refuses a machine that is not a node', async () => {
    await expect(list({}, '')).rejects.toMatchObject({ kind: 'usage' });
  });
});

test.each([
  ['json', (text: string) => JSON.parse(text)],
  ['yaml', (text: string) => [text.replace(/^- /, '').trim()]],
  ['terminal', (text: string) => [text.trim()]],
])('printed as %s', async (form, parse) => {
  await using host = await testHost({ fetch: realFetch, files: { '/etc/kairos-release': release() } });
  const printed: string[] = [];
  const command = listReleasesCommand({ host, out: (text) => void printed.push(text) });
  await command.parseAsync(['--output', form, '--registry', `${server.address}/kairos`], { from: 'user' });
  expect(parse(printed.join(''))).toEqual([`${server.address}/kairos/ubuntu:${CORE}v3.5.10`]);
});

test('versions in order', async () => {
  await using _host = await testHost();
  const order = [
    'v0.9.9',
    'v1.0.0-alpha',
    'v1.0.0-alpha.1',
    'v1.0.0-beta2',
    'v1.0.0-rc1',
    'v1.0.0',
    'v1.0.0+k3s1',
    'v1.0.0+k3s2',
    'v1.0.1',
    'v1.2.0',
    'v1.10.0',
  ];
  expect(order.toReversed().sort(compareVersions)).toEqual(order);
});
