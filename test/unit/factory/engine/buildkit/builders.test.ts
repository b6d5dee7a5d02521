import { describe, expect, test } from 'vitest';
import { NO_BUILDERS } from '../../../../../src/factory/config/buildkit.ts';
import {
  type BuildkitBuilder,
  chooseBuilder,
  connectBuilders,
  namedBuilders,
} from '../../../../../src/factory/engine/buildkit/builders.ts';
import { cachesOf } from '../../../../../src/factory/engine/buildkit/caches.ts';
import type { Runner } from '../../../../../src/factory/tools/runner.ts';
import { failureOf } from '../../../support/failure.ts';

const builder = (address: string, platforms: string[], arch?: string): BuildkitBuilder => ({
  address,
  platforms,
  arch,
  version: 'v1',
});

describe('the daemon for an architecture', () => {
  const intel = builder('intel', ['linux/amd64', 'linux/386', 'linux/arm64']);
  const arm = builder('arm', ['linux/arm64', 'linux/amd64']);

  test('is one that has it as its own platform, before one that emulates it', () => {
    expect(chooseBuilder([intel, arm], 'arm64')).toBe(arm);
    expect(chooseBuilder([arm, intel], 'amd64')).toBe(intel);
    expect(chooseBuilder([intel], 'arm64')).toBe(intel);
  });

  test('is the one that is named for it, whatever others can do', () => {
    const named = { ...intel, arch: 'arm64' };
    expect(chooseBuilder([arm, named], 'arm64')).toBe(named);
    expect(chooseBuilder([named, arm], 'amd64')).toBe(arm);
  });

  test('must run its programs; else the error lists what each runs', async () => {
    const named = builder('tcp://a:1', ['linux/amd64'], 'arm64');
    const error = await failureOf(() => chooseBuilder([named, arm], 'arm64'), 'tool');
    expect(error.code).toBe('BUILDER_MISSING');
    expect(error.details).toEqual([
      'tcp://a:1: linux/amd64, used for arm64 only',
      'arm: linux/arm64, linux/amd64',
    ]);
  });
});

describe('the named daemons', () => {
  const settings = {
    ...NO_BUILDERS,
    builders: [{ address: 'tcp://a:1' }, { address: 'unix:///b' }],
    tls: '/keys',
  };

  test('have TLS at tcp only, and BUILDKIT_HOST counts without them', async () => {
    const both = namedBuilders({ ...settings, 'server-name': 'a' }, { BUILDKIT_HOST: 'unix:///c' });
    expect(both.map(({ address, tls, serverName }) => [address, tls, serverName])).toEqual([
      ['tcp://a:1', '/keys', 'a'],
      ['unix:///b', undefined, undefined],
    ]);
    const [only] = namedBuilders(NO_BUILDERS, { BUILDKIT_HOST: 'unix:///c' });
    expect(only).toMatchObject({ address: 'unix:///c', place: 'unix:///c (set by BUILDKIT_HOST)' });
    for (const env of [{}, { BUILDKIT_HOST: '' }, { BUILDKIT_HOST: 'c' }])
      expect((await failureOf(() => namedBuilders(NO_BUILDERS, env), 'usage')).code).toBe(
        'BUILDKIT_CONFIG_INVALID',
      );
  });

  test('are asked for their platforms', async () => {
    const asked: (readonly string[])[] = [];
    const runner = (stdout: string): Runner => ({
      locate: async () => 'buildctl',
      run: async (_tool, args) => {
        asked.push(args);
        return { stdout, stderr: '', exitCode: 0 };
      },
    });
    const workers = [
      {
        platforms: [
          { os: 'linux', architecture: 'amd64' },
          { os: 'linux', architecture: 'amd64', variant: 'v2' },
        ],
      },
    ];
    const [first] = await connectBuilders(settings, { runner: runner(JSON.stringify(workers)), env: {} });
    expect(first).toMatchObject({ address: 'tcp://a:1', platforms: ['linux/amd64'], version: 'unknown' });
    expect(asked[0]).toEqual([
      '--addr',
      'tcp://a:1',
      '--tlsdir',
      '/keys',
      'debug',
      'workers',
      '--format',
      '{{json .}}',
    ]);
    for (const other of ['', '{}', 'x']) {
      const error = await failureOf(
        () => connectBuilders(settings, { runner: runner(other), env: {} }),
        'tool',
      );
      expect(error.message).toMatch(/what answers is not a BuildKit daemon: tcp:/);
    }
  });
});

describe('caches', () => {
  const caches = {
    'cache-to': ['type=registry,ref=host:5000/a,mode=max'],
    'cache-from': ['type=registry,ref=a:one', 'ref=a@sha256:00,type=registry'],
  };
  const build = { useCache: true, offline: false, isBase: false };

  test('are those of the configuration', () => {
    expect(cachesOf(caches, build)).toEqual({ cacheTo: caches['cache-to'], cacheFrom: caches['cache-from'] });
  });

  test('have another tag for an image that another one is built on', () => {
    expect(cachesOf(caches, { ...build, isBase: true })).toEqual({
      cacheTo: ['type=registry,ref=host:5000/a:latest-base,mode=max'],
      cacheFrom: ['type=registry,ref=a:one-base', 'ref=a@sha256:00,type=registry'],
    });
  });

  test('are not used offline, and not read without a cache', () => {
    expect(cachesOf(caches, { ...build, offline: true })).toEqual({ cacheTo: [], cacheFrom: [] });
    expect(cachesOf(caches, { ...build, useCache: false })).toEqual({
      cacheTo: caches['cache-to'],
      cacheFrom: [],
    });
  });
});
