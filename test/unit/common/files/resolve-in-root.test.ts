import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveInRoot } from '../../../../src/common/files/resolve-in-root.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../support/temporary.ts';

describe('resolveInRoot', () => {
  function tree(): string {
    return plant(temporaryDirectory(), {
      'usr/lib/os-release': 'ID=debian\n',
      'usr/bin/sh': '',
      bin: { link: 'usr/bin' },
      'etc/os-release': { link: '../usr/lib/os-release' },
      'etc/absolute': { link: '/usr/lib/os-release' },
      'etc/beyond': { link: '../../../../../usr/lib/os-release' },
      'etc/host': { link: '/proc/self/status' },
      'etc/dots': { link: './/../usr/./lib//os-release' },
      'etc/dangling': { link: 'nothing' },
      'etc/self': { link: 'self' },
      'etc/one': { link: 'two' },
      'etc/two': { link: '/etc/one' },
      top: { link: '/' },
    });
  }

  test.each([
    ['/usr/bin/sh', 'usr/bin/sh'],
    ['/bin/sh', 'usr/bin/sh'],
    ['bin//sh', 'usr/bin/sh'],
    ['/bin', 'usr/bin'],
    ['/etc/os-release', 'usr/lib/os-release'],
    ['/etc/absolute', 'usr/lib/os-release'],
    ['/etc/beyond', 'usr/lib/os-release'],
    ['/etc/dots', 'usr/lib/os-release'],
    ['/top/top/bin/sh', 'usr/bin/sh'],
    ['/../../usr/bin/sh', 'usr/bin/sh'],
    ['/bin/../lib/os-release', 'usr/lib/os-release'],
    ['/', '/'],
    ['', '/'],
    ['/..', '/'],
  ])('finds %j', async (path, place) => {
    const root = tree();
    expect(await resolveInRoot(root, path)).toBe(join(root, place));
  });

  test.each([
    '/nothing',
    '/usr/bin/sh/below-a-file',
    '/etc/dangling',
    '/etc/self',
    '/etc/one',
    '/etc/host',
    '/proc/self/status',
  ])('does not find %j', async (path) => {
    expect(await resolveInRoot(tree(), path)).toBeUndefined();
  });

  test('follows at most forty links, like the kernel', async () => {
    const links = Object.fromEntries(
      Array.from({ length: 41 }, (_, index) => [
        `l${index}`,
        { link: index === 0 ? 'file' : `l${index - 1}` },
      ]),
    );
    const root = plant(temporaryDirectory(), { file: '', ...links });
    expect(await resolveInRoot(root, '/l39')).toBe(join(root, 'file'));
    expect(await resolveInRoot(root, '/l40')).toBeUndefined();
  });
});

/** The properties create hundreds of trees, which takes long on a busy machine. */
const PATIENCE = 60_000;
const NAMES = ['a', 'b', 'c'];
const name = fc.constantFrom(...NAMES);
/** A tree of two levels: the entry at each of its paths. */
function trees(target: fc.Arbitrary<string>) {
  const content = fc.oneof(
    fc.constant(DIRECTORY),
    fc.constant('a file'),
    target.map((link) => ({ link })),
  );
  return fc.record({
    top: fc.dictionary(name, content, { noNullPrototype: true }),
    below: fc.dictionary(name, content, { noNullPrototype: true }),
  });
}

type Trees = typeof trees extends (target: never) => fc.Arbitrary<infer T> ? T : never;

/** Creates the tree in an empty `root`; the second level is below directories of the first. */
function make(root: string, { top, below }: Trees): void {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  plant(root, top);
  for (const [directory, content] of Object.entries(top)) {
    if (content === DIRECTORY) plant(join(root, directory), below);
  }
}

test(
  'never leads outside of the root, and never ends at a link, whatever the links say',
  async () => {
    const home = temporaryDirectory();
    const root = join(home, 'root');
    plant(home, { outside: 'secret', 'a/a': 'secret', 'b/b/b': 'secret' });
    const step = fc.constantFrom(...NAMES, '.', '..', '..', 'outside');
    const path = fc.array(step, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
    const target = fc.oneof(
      path,
      path.map((text) => `/${text}`),
      fc.constant(`${home}/outside`),
      fc.constant('/'),
    );
    let found = 0;
    await fc.assert(
      fc.asyncProperty(trees(target), fc.array(path, { minLength: 3, maxLength: 3 }), async (tree, paths) => {
        make(root, tree);
        for (const wanted of paths) {
          const place = await resolveInRoot(root, wanted);
          if (place === undefined) continue;
          found += 1;
          expect(`${place}/`.startsWith(`${root}/`)).toBe(true);
          expect(realpathSync(place)).toBe(place.replace(/\/$/, ''));
        }
      }),
      { numRuns: 200 },
    );
    expect(found).toBeGreaterThan(50);
  },
  PATIENCE,
);

test(
  'agrees with the kernel where no link leads up or to the top',
  async () => {
    const root = join(temporaryDirectory(), 'root');
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    let found = 0;
    await fc.assert(
      fc.asyncProperty(trees(path), fc.array(path, { minLength: 3, maxLength: 3 }), async (tree, paths) => {
        make(root, tree);
        for (const wanted of paths) {
          let expected: string | undefined;
          try {
            expected = realpathSync.native(join(root, wanted));
            found += 1;
          } catch {
            expected = undefined;
          }
          expect(await resolveInRoot(root, wanted)).toBe(expected);
        }
      }),
      { numRuns: 200 },
    );
    expect(found).toBeGreaterThan(50);
  },
  PATIENCE,
);
