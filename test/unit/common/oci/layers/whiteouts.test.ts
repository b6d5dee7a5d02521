import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyLayers } from '../../../../../src/common/oci/layers/apply-layers.ts';
import { type TestHost, testHost } from '../../../agent/support/test-host.ts';
import { type TestMember, tarBytes } from '../../../support/tar-bytes.ts';

let host: TestHost;
let target: string;

beforeEach(async () => {
  host = await testHost();
  await host.makeDirectory('/target');
  target = host.resolve('/target');
});
afterEach(() => host[Symbol.asyncDispose]());

/** The paths that layers removed but no earlier layer had. */
let missing: string[];

async function apply(...layers: (readonly TestMember[] | Buffer)[]): Promise<number> {
  missing = [];
  const files = await Promise.all(
    layers.map(async (layer, index) => {
      const bytes = Buffer.isBuffer(layer) ? layer : gzipSync(tarBytes(layer));
      await host.write(`/blobs/${index}`, bytes);
      return { file: host.resolve(`/blobs/${index}`), start: 0, size: bytes.length };
    }),
  );
  return applyLayers(host, files, { target, missing: (path) => missing.push(path) });
}

const read = (path: string) => readFileSync(join(target, path), 'utf8');
const names = (path = '.') => readdirSync(join(target, path)).sort();
const directory = (name: string): TestMember => ({ name, type: 'directory' });
const file = (name: string, content = name): TestMember => ({ name, content });
const link = (name: string, linkName: string): TestMember => ({ name, type: 'link', linkName });

test('reports paths that a layer removes but no lower layer has', async () => {
  const second = [file('b/.wh.x', ''), file('.wh.gone', ''), file('.wh.lost', ''), file('.wh..wh..opq', '')];
  await apply([file('b/x'), file('c/.wh.y', '')], second, [file('.wh.gone', '')]);
  expect(missing).toEqual(['c/y', 'gone', 'lost', 'gone']);
});

describe('layers over one another', () => {
  const below = [
    directory('a'),
    file('a/one'),
    file('a/two'),
    directory('a/sub'),
    file('a/sub/three'),
    file('b'),
  ];

  test('a whiteout removes files and trees of the layers below', async () => {
    await apply(below, [
      file('a/.wh.one', ''),
      file('a/.wh.sub', ''),
      file('.wh.b', ''),
      file('.wh.never', ''),
    ]);
    expect(names()).toEqual(['a']);
    expect(names('a')).toEqual(['two']);
  });

  test('an opaque directory keeps the files of its own layer, wherever its marker is', async () => {
    await apply(below, [directory('a'), file('a/new'), file('a/.wh..wh..opq', ''), file('a/later')]);
    expect(names('a')).toEqual(['later', 'new']);
    await host.remove('/target');
    await host.makeDirectory('/target');
    await apply(below, [file('.wh..wh..opq', ''), file('c')]);
    expect(names()).toEqual(['c']);
  });

  test('a whiteout does not remove what its own layer has', async () => {
    await apply(below, [file('b', 'new'), file('.wh.b', '')]);
    expect(read('b')).toBe('new');
  });

  test('whiteouts in the first layer and files of aufs are not unpacked', async () => {
    await apply([
      file('.wh.gone', ''),
      directory('.wh..wh.plnk'),
      file('.wh..wh.plnk/1.2', ''),
      file('.wh..wh.aufs', ''),
    ]);
    expect(names()).toEqual([]);
  });

  test('a file replaces a tree, and a tree replaces a file or link', async () => {
    await apply(
      [...below, link('c', 'a')],
      [file('a', 'file'), directory('b'), file('b/x'), directory('c'), file('c/y')],
    );
    expect(read('a')).toBe('file');
    expect(names('b')).toEqual(['x']);
    expect(names('c')).toEqual(['y']);
  });

  test('replacing a hard-linked file changes only one of its names', async () => {
    await apply([file('a', '1'), { name: 'b', type: 'hard', linkName: 'a' }], [file('b', '2')]);
    expect([read('a'), read('b')]).toEqual(['1', '2']);
  });

  test('a hard link to a file of a layer below', async () => {
    await apply([file('a')], [{ name: 'b', type: 'hard', linkName: 'a' }]);
    expect(statSync(join(target, 'b')).nlink).toBe(2);
  });

  test('the links of a layer below lead within the image', async () => {
    await apply(
      [
        directory('usr'),
        directory('usr/bin'),
        link('bin', 'usr/bin'),
        directory('run'),
        directory('var'),
        link('var/run', '/run'),
      ],
      [file('bin/sh'), file('var/run/pid'), file('bin/.wh.none', '')],
    );
    expect(names('usr/bin')).toEqual(['sh']);
    expect(names('run')).toEqual(['pid']);
  });
});
