import { describe, expect, test } from 'vitest';
import { loadBuildSpec } from '../../../../../src/factory/config/build-spec.ts';
import { planRelease } from '../../../../../src/factory/deliver/release/make-release.ts';
import { requireOneRelease } from '../../../../../src/factory/deliver/release/target-names.ts';
import type { NamedBuild } from '../../../../../src/factory/pipeline/target.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

async function build(name: string, flags: Readonly<Record<string, unknown>> = {}): Promise<NamedBuild> {
  return { name, spec: await loadBuildSpec({ set: [], flags: { flavor: 'debian', ...flags } }) };
}

describe('targets of one release', () => {
  test.each([
    ['release', { base: 'bootstrap:trixie' }],
    ['arch', { arch: 'arm64' }],
    ['Kubernetes', { kubernetes: 'k3s@v1.34.1+k3s1' }],
    ['a Containerfile, which may change the identity of the image', { containerfile: 'package.json' }],
  ])('may differ in %s', async (_what, flags) => {
    requireOneRelease([await build('a', { arch: 'amd64' }), await build('b', { arch: 'amd64', ...flags })]);
  });

  test.each([
    ['kernel', { kernel: 'cloud' }],
    ['packages', { packages: ['htop'] }],
    ['artifacts', { artifacts: ['iso'] }],
    ['compression', { compression: 'fast' }],
  ])('cannot differ in %s alone', async (_what, flags) => {
    const builds = [await build('a'), await build('b', flags)];
    const { message, remedy } = await failureOf(() => requireOneRelease(builds), 'usage');
    expect(message).toMatch(
      /^the files of targets a and b would have the same names: kairos-…-core-\w+-generic-v0\.0\.0$/,
    );
    expect(remedy).toContain('make two releases');
  });

  test('must have the same version', async () => {
    const builds = [await build('a'), await build('b', { arch: 'arm64', version: 'v2.0.0' })];
    const { message, details } = await failureOf(() => requireOneRelease(builds), 'usage');
    expect([message, details]).toEqual([
      'the targets of a release must have the same version',
      ['a: v0.0.0', 'b: v2.0.0'],
    ]);
  });
});

describe('the folder of a release', () => {
  const plan = async (flags: Readonly<Record<string, unknown>>) => planRelease([await build('a', flags)]);

  test('is neither a build output nor a folder with unrelated files', async () => {
    const home = plant(temporaryDirectory(), { 'mine/file': '' });
    const inside = await failureOf(
      () => plan({ output: `${home}/out/a`, 'release-output': `${home}/out` }),
      'usage',
    );
    expect(inside.message).toContain('where a build writes');
    const other = await failureOf(() => plan({ 'release-output': `${home}/mine` }), 'usage');
    expect(other.message).toBe(`${home}/mine is not empty and is not a release`);
    expect((await plan({ 'release-output': `${home}/new` })).folder).toBe(`${home}/new`);
  });

  test('is not accepted as the previous release', async () => {
    const home = temporaryDirectory();
    const flags = { 'release-output': home, 'release-previous': home };
    expect((await failureOf(() => plan(flags), 'usage')).message).toBe(
      `${home} cannot be compared with itself`,
    );
  });

  test('must be the same for all targets', async () => {
    const builds = [await build('a'), await build('b', { arch: 'arm64', 'release-output': '/elsewhere' })];
    const { message } = await failureOf(() => planRelease(builds), 'usage');
    expect(message).toBe('the targets of a release must have the same release-output');
  });
});
