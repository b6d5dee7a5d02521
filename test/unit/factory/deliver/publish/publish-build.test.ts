import { describe, expect, test } from 'vitest';
import { Push } from '../../../../../src/factory/config/push.ts';
import { Sign } from '../../../../../src/factory/config/signing.ts';
import {
  groupPushes,
  type PublishedBuild,
  publishBuilds,
} from '../../../../../src/factory/deliver/publish/publish-build.ts';
import {
  parsePushTarget,
  repositoryName,
  tagsFor,
} from '../../../../../src/factory/deliver/publish/push-target.ts';

const build = (name: string, to: unknown, arch = 'amd64'): PublishedBuild => ({
  name,
  spec: {
    push: to === undefined ? undefined : Push.parse(to),
    artifacts: ['oci'],
    registries: [],
    output: `/out/${name}`,
    arch,
  },
});
const groups = (...builds: PublishedBuild[]) =>
  groupPushes(builds).map(({ target, builds: members }) => [
    repositoryName(target),
    target.tags,
    members.map(({ name }) => name),
  ]);

describe('push targets', () => {
  test.each([
    ['registry.example.com/team/os', [], 'registry.example.com/team/os', []],
    ['docker://localhost:5000/os:v1', [], 'localhost:5000/os', ['v1']],
    ['team/os:latest', ['v1', 'latest'], 'docker.io/team/os', ['latest', 'v1']],
    ['registry.example.com:5000/os', ['a', 'a'], 'registry.example.com:5000/os', ['a']],
  ])('parse %s with tags %j', (text, more, name, tags) => {
    const target = parsePushTarget(text, more);
    expect([repositoryName(target), target.tags]).toEqual([name, tags]);
  });

  test.each([
    [`host.example/os@sha256:${'a'.repeat(64)}`, []],
    ['host.example/OS', []],
    ['host.example/os', ['no tag']],
  ])('refuse %s with tags %j', (text, more) => {
    expect(() => parsePushTarget(text, more)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });

  test('use the name of the image as the tag when there is no other', () => {
    const own = '12-core-amd64-generic-v1';
    expect(tagsFor(parsePushTarget('a.example/os'), own)).toEqual([own]);
    expect(tagsFor(parsePushTarget('a.example/os:v1'), own)).toEqual(['v1']);
    for (const name of [undefined, 'not/a tag']) {
      expect(() => tagsFor(parsePushTarget('a.example/os'), name)).toThrow('no tag for a.example/os');
    }
  });
});

describe('signing settings', () => {
  const signed = (name: string, arch: string, key?: string): PublishedBuild => ({
    ...build(name, 'a.example/os:v1'),
    spec: { ...build(name, 'a.example/os:v1', arch).spec, ...(key && { sign: Sign.parse(key) }) },
  });

  test('must be the same for all images of an index', () => {
    expect(groups(signed('one', 'amd64', 'a.key'), signed('two', 'arm64', 'a.key'))).toHaveLength(1);
    for (const other of ['b.key', undefined]) {
      expect(() => groups(signed('one', 'amd64', 'a.key'), signed('two', 'arm64', other))).toThrow(
        'one and two form the index a.example/os:v1, but have different sign settings',
      );
    }
  });
});

describe('the key push', () => {
  test('accepts a name or a mapping', () => {
    expect(Push.parse('a.example/os:v1')).toEqual({ to: 'a.example/os:v1', tags: [], artifacts: [] });
    const whole = { to: 'a.example/os', tags: ['v1'], artifacts: ['iso'] };
    expect(Push.parse(whole)).toEqual(whole);
    expect(Push.parse({ to: 'a.example/os', artifacts: 'all' })).toMatchObject({ artifacts: 'all' });
  });

  test.each([
    'a.example/OS',
    `a.example/os@sha256:${'a'.repeat(64)}`,
    { to: 'a.example/os', tags: ['a b'] },
    { to: 'a.example/os', artifacts: ['oci'] },
    { tags: ['v1'] },
  ])('refuses %j', (value) => {
    expect(Push.safeParse(value).success).toBe(false);
  });
});

describe('several builds', () => {
  test('form an index if they share a tag, are pushed alone without a tag, and stay local without a target', () => {
    expect(
      groups(
        build('a', 'a.example/os:v1'),
        build('b', { to: 'a.example/os', tags: ['v1'] }, 'arm64'),
        build('c', 'a.example/os'),
        build('d', 'a.example/os'),
        build('e', undefined),
      ),
    ).toEqual([
      ['a.example/os', ['v1'], ['a', 'b']],
      ['a.example/os', [], ['c']],
      ['a.example/os', [], ['d']],
    ]);
  });

  test('that claim the same tag are refused before the build', () => {
    const one = build('one', 'a.example/os:v1');
    const other = build('other', 'a.example/os:v1');
    expect(() => groupPushes([one, other])).toThrow('one and other would both be pushed as a.example/os:v1');
    const more = build('other', { to: 'a.example/os:v2', tags: ['v1'] }, 'arm64');
    expect(() => groupPushes([one, more])).toThrow('one and other would both be pushed as a.example/os:v1');
  });

  test('cannot be pushed with --offline', () => {
    const one = build('a', 'a.example/os');
    const none = build('a', undefined);
    expect(() => groupPushes([one], { offline: true })).toThrow('--offline cannot push to a.example/os');
    expect(groupPushes([none], { offline: true })).toEqual([]);
  });

  test('are not pushed when one build of their index failed', async () => {
    const all = groupPushes([build('a', 'a.example/os:v1'), build('b', 'a.example/os:v1', 'arm64')]);
    const events: unknown[] = [];
    const follow = { emit: (event: unknown) => events.push(event), onLog: () => undefined };
    expect(await publishBuilds(all, ({ name }) => name === 'a', follow)).toEqual([]);
    expect(events).toEqual([{ type: 'notice', text: 'not pushed to a.example/os: b did not succeed' }]);
  });
});
