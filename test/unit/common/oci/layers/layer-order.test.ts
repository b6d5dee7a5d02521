import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyLayers } from '../../../../../src/common/oci/layers/apply-layers.ts';
import { type TestHost, testHost } from '../../../agent/support/test-host.ts';
import { type TestMember, tarBytes } from '../../../support/tar-bytes.ts';

let host: TestHost;
beforeEach(async () => {
  host = await testHost();
});
afterEach(() => host[Symbol.asyncDispose]());

/** Unpacks layers into a new directory. @returns its path, and the paths that layers removed but no earlier layer had */
async function unpacked(
  ...layers: (readonly TestMember[])[]
): Promise<{ target: string; missing: string[] }> {
  await host.remove('/target');
  await host.makeDirectory('/target');
  const missing: string[] = [];
  const files = await Promise.all(
    layers.map(async (layer, index) => {
      const bytes = tarBytes(layer);
      await host.write(`/blobs/${index}`, bytes);
      return { file: host.resolve(`/blobs/${index}`), start: 0, size: bytes.length };
    }),
  );
  const target = host.resolve('/target');
  await applyLayers(host, files, { target, missing: (path) => missing.push(path) });
  return { target, missing };
}

/** Every file of a tree: directories end with a slash, links show their target. */
function listing(target: string): string[] {
  const shown = (path: string): string[] =>
    readdirSync(join(target, path)).flatMap((name) => {
      const inner = join(path, name);
      const stats = lstatSync(join(target, inner));
      if (stats.isSymbolicLink()) return [`${inner} -> ${readlinkSync(join(target, inner))}`];
      return stats.isDirectory() ? [`${inner}/`, ...shown(inner)] : [inner];
    });
  return shown('.').sort();
}

/** All orders of a few members. */
function orders<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, index) =>
    orders([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}

const directory = (name: string): TestMember => ({ name, type: 'directory' });
const file = (name: string): TestMember => ({ name, content: name });
const mark = (name: string): TestMember => ({ name });
const link = (name: string, linkName: string): TestMember => ({ name, type: 'link', linkName });
const hard = (name: string, linkName: string): TestMember => ({ name, type: 'hard', linkName });

describe('the order of a layer does not matter', () => {
  const below = [
    directory('target'),
    file('target/keep'),
    file('target/x'),
    link('link', 'target'),
    directory('dir'),
    file('dir/old'),
    directory('dir/sub'),
    file('dir/sub/old'),
  ];
  /** The tree after a directory has replaced the link; the link's target is as before. */
  const replaced = [
    'dir/',
    'dir/old',
    'dir/sub/',
    'dir/sub/old',
    'link/',
    'link/new',
    'target/',
    'target/keep',
    'target/x',
  ];

  test.each<[string, readonly TestMember[], readonly string[]]>([
    [
      'an opaque directory instead of a link',
      [directory('link'), file('link/new'), mark('link/.wh..wh..opq')],
      replaced,
    ],
    [
      'a directory instead of a link, whose whiteout means its own file',
      [directory('link'), file('link/new'), mark('link/.wh.x')],
      replaced,
    ],
    [
      'a link that is removed and becomes a directory',
      [mark('.wh.link'), directory('link'), file('link/new')],
      replaced,
    ],
    [
      'a directory that is removed and made again',
      [mark('.wh.dir'), directory('dir'), file('dir/new')],
      ['dir/', 'dir/new', 'link -> target', 'target/', 'target/keep', 'target/x'],
    ],
    [
      'an opaque directory with an opaque directory in it',
      [mark('dir/.wh..wh..opq'), mark('dir/sub/.wh..wh..opq'), directory('dir/sub'), file('dir/sub/new')],
      ['dir/', 'dir/sub/', 'dir/sub/new', 'link -> target', 'target/', 'target/keep', 'target/x'],
    ],
    ['an opaque root', [mark('.wh..wh..opq'), directory('link'), file('link/new')], ['link/', 'link/new']],
    [
      'a whiteout through a link',
      [mark('link/.wh.x'), mark('dir/.wh.old')],
      ['dir/', 'dir/sub/', 'dir/sub/old', 'link -> target', 'target/', 'target/keep'],
    ],
    [
      'a link that is written again, and a file below it',
      [link('link', 'target'), file('link/new'), mark('link/.wh.x')],
      [
        'dir/',
        'dir/old',
        'dir/sub/',
        'dir/sub/old',
        'link -> target',
        'target/',
        'target/keep',
        'target/new',
      ],
    ],
  ])('%s', async (_, layer, expected) => {
    for (const members of orders(layer)) {
      expect(listing((await unpacked(below, members)).target)).toEqual(expected);
    }
  });
});

test('a mark alone removes nothing of where a link leads', async () => {
  const below = [directory('target'), file('target/keep'), link('link', 'target')];
  const { target } = await unpacked(below, [mark('link/.wh..wh..opq')]);
  expect(listing(target)).toEqual(['link -> target', 'target/', 'target/keep']);
});

test('removed links are not reported as missing', async () => {
  const { missing } = await unpacked([file('a'), link('b', 'a')], [mark('.wh.b'), mark('.wh.c')]);
  expect(missing).toEqual(['c']);
});

test('names and hard links that begin with a slash are within the root', async () => {
  const layer = [
    directory('/usr'),
    directory('/usr/bin'),
    file('/usr/bin/a'),
    hard('/usr/bin/b', '/usr/bin/a'),
  ];
  const { target } = await unpacked([file('/usr/old')], [...layer, mark('/usr/.wh.old')]);
  expect(listing(target)).toEqual(['usr/', 'usr/bin/', 'usr/bin/a', 'usr/bin/b']);
  expect(statSync(join(target, 'usr/bin/a')).ino).toBe(statSync(join(target, 'usr/bin/b')).ino);
});

test('hard links need no entries for their directories, and may be of links', async () => {
  const layer = [
    file('opt/one/file'),
    hard('opt/two/file', 'opt/one/file'),
    link('sl', 'opt/one'),
    hard('sl2', 'sl'),
    hard('three', 'sl2/file'),
  ];
  const { target } = await unpacked(layer);
  expect(statSync(join(target, 'opt/two/file')).nlink).toBe(3);
  expect(lstatSync(join(target, 'sl2')).ino).toBe(lstatSync(join(target, 'sl')).ino);
  expect(readlinkSync(join(target, 'sl2'))).toBe('opt/one');
});

test("GNU tar's first sparse format has holes, and the content after them", async () => {
  const sparse = { realSize: 8704, regions: [[8192, 512]] } as const;
  const { target } = await unpacked([{ name: 'disk.img', content: 'Z'.repeat(512), sparse }]);
  const content = readFileSync(join(target, 'disk.img'));
  expect(content.equals(Buffer.concat([Buffer.alloc(8192), Buffer.alloc(512, 'Z')]))).toBe(true);
});
