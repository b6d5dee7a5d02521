import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deploySource, sourceSize } from '../../../../../src/common/oci/layers/deploy-source.ts';
import { parseSource } from '../../../../../src/common/oci/layers/source.ts';
import { type TestHost, testHost } from '../../../agent/support/test-host.ts';
import { type TestMember, tarBytes } from '../../../support/tar-bytes.ts';
import { testImage, testIndex, testLayout } from './support/test-image.ts';
import { realFetch, type TestRegistry, testRegistry } from './support/test-registry.ts';

const layers: TestMember[][] = [
  [
    { name: 'etc', type: 'directory' },
    { name: 'etc/hostname', content: 'old' },
    { name: 'gone', content: 'x' },
  ],
  [
    { name: 'etc/hostname', content: 'node' },
    { name: '.wh.gone', content: '' },
  ],
];
const image = testImage(layers, { labels: { a: 'b' } });
let server: TestRegistry;
let host: TestHost;

beforeEach(async () => {
  server = await testRegistry();
  server.add('v1', image);
  host = await testHost({ fetch: realFetch });
});
afterEach(async () => {
  await host[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

describe('from a directory', () => {
  test('by rsync, with links, attributes and numbers of owners', async () => {
    await host.makeDirectory('/run/rootfsbase');
    await deploySource(host, parseSource('dir:/run/rootfsbase'), {
      target: '/target',
      exclude: ['/var/log/*'],
    });
    const [call] = host.calls;
    expect(call?.program).toBe('rsync');
    expect(call?.args).toEqual(
      expect.arrayContaining([
        '-aHAXS',
        '--numeric-ids',
        '--exclude=/proc/*',
        '--exclude=/run/*',
        '--exclude=/var/log/*',
      ]),
    );
    expect(call?.args.slice(-2)).toEqual(['/run/rootfsbase/', '/target/']);
  });

  test('a copy into the tree itself excludes itself', async () => {
    await deploySource(host, parseSource('dir:/'), { target: '/target' });
    expect(host.calls[0]?.args).toContain('--exclude=/target/*');
  });

  test('vanished files are not a failure, other errors are', async () => {
    for (const [status, logs] of [
      [24, true],
      [11, false],
    ] as const) {
      await using other = await testHost({
        run: () => ({ status, stderr: 'rsync: No space left on device (28)' }),
      });
      const done = deploySource(other, parseSource('dir:/'), { target: '/target' });
      if (logs) await done;
      else
        await expect(done).rejects.toMatchObject({
          kind: 'step',
          remedy: expect.stringContaining('no space'),
        });
    }
  });

  test('by tar if there is no rsync', async () => {
    await using bare = await testHost({
      missing: ['rsync'],
      files: {
        '/os/etc/a': 'a',
        '/os/proc/1': 'x',
        '/os/var/log/x': 'x',
        '/os/var/keep.log': 'x',
        '/os/proc2/y': 'y',
      },
    });
    execFileSync('ln', [bare.resolve('/os/etc/a'), bare.resolve('/os/etc/b')]);
    await deploySource(bare, parseSource('dir:/os'), { target: '/target', exclude: ['/var/log', '*.log'] });
    expect(await bare.list('/target')).toEqual(['etc', 'proc', 'proc2', 'var']);
    expect(await bare.list('/target/proc')).toEqual([]);
    expect(await bare.list('/target/var')).toEqual([]);
    expect(await bare.list('/target/etc')).toEqual(['a', 'b']);
  });

  test('refuses a path that is not a directory, and a filesystem image', async () => {
    await expect(deploySource(host, parseSource('dir:/none'), { target: '/target' })).rejects.toMatchObject({
      kind: 'usage',
    });
    await expect(deploySource(host, parseSource('file:/x'), { target: '/target' })).rejects.toMatchObject({
      kind: 'usage',
    });
  });
});

describe('sizes', () => {
  test('of an image are estimated, or read from its label or annotation', async () => {
    const compressed = image.layers.reduce((sum, { size }) => sum + size, 0);
    const size = (tag: string) => sourceSize(host, parseSource(`${server.address}/os:${tag}`));
    expect(await size('v1')).toEqual({ bytes: Math.ceil(compressed * 2.5), exact: false, compressed });
    server.add('label', testImage(layers, { labels: { 'io.kairos.size': '123456' } }));
    server.add('annotation', testImage(layers, { annotations: { 'io.kairos.size': '654321' } }));
    server.add('nonsense', testImage(layers, { labels: { 'io.kairos.size': '-1' } }));
    expect(await size('label')).toMatchObject({ bytes: 123_456, exact: true });
    expect(await size('annotation')).toMatchObject({ bytes: 654_321, exact: true });
    expect(await size('nonsense')).toMatchObject({ exact: false });
  });

  test('of files and trees', async () => {
    const archive = tarBytes(testLayout(testIndex({ 'linux/amd64': image }), [image]));
    await host.write('/image.tar', archive);
    await host.write('/tree/a', 'x'.repeat(1000));
    await host.write('/tree/proc/x', 'x'.repeat(1000));
    execFileSync('ln', [host.resolve('/tree/a'), host.resolve('/tree/b')]);
    execFileSync('ln', ['-s', '/etc', host.resolve('/tree/c')]);
    const size = (text: string) => sourceSize(host, parseSource(text));
    expect(await size('ocifile:/image.tar')).toMatchObject({ bytes: archive.length * 2, exact: false });
    expect(await size('file:/image.tar')).toMatchObject({ bytes: archive.length, exact: true });
    expect(await size('dir:/tree')).toMatchObject({ bytes: 1000, exact: true });
    await expect(size('file:/none')).rejects.toMatchObject({ kind: 'usage' });
    await expect(size('ocifile:/none')).rejects.toMatchObject({ kind: 'usage' });
  });
});
