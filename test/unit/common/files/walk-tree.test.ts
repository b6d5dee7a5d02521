import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { measureTree, stampTree, walkTree } from '../../../../src/common/files/walk-tree.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../support/temporary.ts';

describe('walkTree', () => {
  test('yields parents before children, sorted, and does not follow links', () => {
    const root = plant(temporaryDirectory(), {
      'b/z': '',
      'b/a/x': '',
      'a.b': '',
      a: { link: 'b' },
      C: DIRECTORY,
    });
    expect([...walkTree(root)].map(({ path }) => path)).toEqual([
      '',
      'C',
      'a',
      'a.b',
      'b',
      'b/a',
      'b/a/x',
      'b/z',
    ]);
  });

  test('yields names that are not UTF-8, each with its own text and place', () => {
    const root = temporaryDirectory();
    const at = (name: string) => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, 'latin1')]);
    mkdirSync(at('d\xe9'));
    for (const name of ['d\xe9/x_\xe9', 'd\xe9/x_\xff', 'd\xe9/line\nbreak', 'plain'])
      writeFileSync(at(name), name);
    const found = [...walkTree(root)];
    expect(found.map(({ path }) => path)).toEqual([
      '',
      'd\udce9',
      'd\udce9/line\nbreak',
      'd\udce9/x_\udce9',
      'd\udce9/x_\udcff',
      'plain',
    ]);
    const files = found.filter(({ stats }) => stats.isFile());
    expect(files.map(({ place }) => readFileSync(place, 'utf8'))).toEqual([
      'd\xe9/line\nbreak',
      'd\xe9/x_\xe9',
      'd\xe9/x_\xff',
      'plain',
    ]);
    expect(measureTree(root).inodes).toBe(6);
    stampTree(root, 1000);
    expect(lstatSync(at('d\xe9/x_\xff')).mtimeMs).toBe(1_000_000);
  });

  test('names the file that disappeared', () => {
    const root = plant(temporaryDirectory(), { a: '', b: '' });
    const walk = () => {
      for (const { path } of walkTree(root)) if (path === 'a') rmSync(join(root, 'b'));
    };
    expect(walk).toThrow(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining('/b disappeared') }),
    );
  });
});

describe('measureTree', () => {
  test('counts whole blocks', () => {
    const root = plant(temporaryDirectory(), { empty: '' });
    const before = measureTree(root);
    writeFileSync(join(root, 'empty'), 'x');
    expect(measureTree(root)).toMatchObject({ bytes: before.bytes + 4096, inodes: before.inodes });
    writeFileSync(join(root, 'empty'), Buffer.alloc(4097));
    expect(measureTree(root).bytes).toBe(before.bytes + 8192);
  });

  test('counts hard links once', () => {
    const root = plant(temporaryDirectory(), { one: Buffer.alloc(50_000), 'd/other': '' });
    const before = measureTree(root);
    linkSync(join(root, 'one'), join(root, 'd/two'));
    linkSync(join(root, 'one'), join(root, 'three'));
    expect(measureTree(root)).toMatchObject({ bytes: before.bytes, inodes: before.inodes });
  });

  test('counts short links as inodes only, and long ones as a block', () => {
    const root = plant(temporaryDirectory(), { file: '' });
    const before = measureTree(root);
    symlinkSync('x'.repeat(59), join(root, 'short'));
    expect(measureTree(root)).toMatchObject({ bytes: before.bytes, inodes: before.inodes + 1 });
    symlinkSync('x'.repeat(60), join(root, 'long'));
    expect(measureTree(root)).toMatchObject({ bytes: before.bytes + 4096, inodes: before.inodes + 2 });
  });

  test('counts directories by their entries, not by the size that the filesystem reports', () => {
    const root = plant(temporaryDirectory(), { d: DIRECTORY });
    expect(measureTree(root).bytes).toBe(2 * 4096);
    // On some filesystems, directories do not shrink.
    for (let index = 0; index < 300; index += 1)
      writeFileSync(join(root, 'd', `${index}`.padStart(100, 'x')), '');
    expect(measureTree(root).bytes).toBe(4096 + Math.ceil((300 * 108 + 24) / (4096 - 264)) * 4096);
    for (let index = 0; index < 300; index += 1) rmSync(join(root, 'd', `${index}`.padStart(100, 'x')));
    expect(measureTree(root).bytes).toBe(2 * 4096);
  });

  test('returns the newest time, in whole seconds', () => {
    const root = plant(temporaryDirectory(), { 'd/old': '', 'd/new': '' });
    stampTree(root, 1000);
    utimesSync(join(root, 'd/new'), 5000.9, 5000.9);
    expect(measureTree(root).newest).toBe(5000);
  });
});

describe('stampTree', () => {
  const times = (root: string) =>
    Object.fromEntries([...walkTree(root)].map(({ path, stats }) => [path, Number(stats.mtimeMs) / 1000]));

  test('stamps everything, directories and links themselves', () => {
    const root = plant(temporaryDirectory(), {
      'd/file': '',
      'd/link': { link: 'file' },
      dangling: { link: 'x' },
    });
    stampTree(root, 1_000_000);
    expect(times(root)).toEqual({ '': 1e6, d: 1e6, 'd/file': 1e6, 'd/link': 1e6, dangling: 1e6 });
  });

  test('does not touch the targets of links', () => {
    const outside = plant(temporaryDirectory(), { file: '' });
    utimesSync(join(outside, 'file'), 7, 7);
    stampTree(plant(temporaryDirectory(), { link: { link: join(outside, 'file') } }), 1000);
    expect(lstatSync(join(outside, 'file')).mtimeMs).toBe(7000);
  });

  test('stamps only selected entries', () => {
    const root = plant(temporaryDirectory(), { one: '', two: '' });
    stampTree(root, 5000);
    stampTree(root, ({ path }) => (path === 'two' ? 1000 : undefined));
    expect(times(root)).toEqual({ '': 5000, one: 5000, two: 1000 });
  });
});
