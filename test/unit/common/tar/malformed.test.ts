import { describe, expect, test } from 'vitest';
import { gnuLong, type TestMember, tarBytes } from '../../support/tar-bytes.ts';
import { readAll } from './support/read-all.ts';

function sparse(pax: Readonly<Record<string, string>>, content: string | Buffer = 'abc'): TestMember {
  return { name: 'x', content, pax };
}

describe('is refused:', () => {
  test.each<[string, RegExp, TestMember[]]>([
    ['a record whose length is wrong', /extended header is malformed/, [record('99 path=x\n')]],
    ['a record without a value', /extended header is malformed/, [record('7 path\n')]],
    ['a record without a length', /number is malformed/, [record('path=x\n')]],
    ['a record of no length, which would never end', /extended header is malformed/, [record('0 path=x\n')]],
    ['a negative owner', /negative/, [{ name: 'x', base256: true, uid: -1 }]],
    ['an owner that is not a number', /number is malformed/, [{ name: 'x', pax: { uid: '0x10' } }]],
    ['a size that is not exact', /number is malformed/, [{ name: 'x', pax: { size: '9007199254740993' } }]],
    ['a negative size', /number is malformed/, [{ name: 'x', pax: { size: '-1' } }]],
    ['a time that is not a number', /time is malformed/, [{ name: 'x', pax: { mtime: 'now' } }]],
    ['a directory by its name that has content', /directory has content/, [{ name: 'd/', content: 'x' }]],
    [
      'headers without end',
      /header is too long/,
      Array.from({ length: 9 }, () => gnuLong('L', 'x'.repeat(500_000))),
    ],
    ['headers without a member', /cut short/, [gnuLong('L', 'x')]],
    ['a sparse file without a map', /content of its regions/, [sparse({ 'GNU.sparse.size': '3' })]],
    ['a sparse file without a size', /has no size/, [sparse({ 'GNU.sparse.map': '0,3' })]],
    [
      'a sparse file of a later format',
      /unknown format/,
      [sparse({ 'GNU.sparse.major': '2', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '3' })],
    ],
    ['regions that overlap', /overlap/, [sparse({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '2,2,3,1' })]],
    [
      'half a region',
      /map of a sparse file is malformed/,
      [sparse({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '2' })],
    ],
    [
      'a region outside of the file',
      /smaller than its regions/,
      [sparse({ 'GNU.sparse.size': '2', 'GNU.sparse.map': '0,3' })],
    ],
    [
      'regions that are not stored',
      /content of its regions/,
      [sparse({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '0,4' })],
    ],
    [
      'a map longer than the content',
      /map of a sparse file is too long/,
      [
        sparse(
          { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' },
          Buffer.concat([Buffer.from('1000000\n'), Buffer.alloc(504)]),
        ),
      ],
    ],
    [
      'a map in two formats',
      /two maps/,
      [{ ...sparse({ 'GNU.sparse.size': '3' }), sparse: { realSize: 3, regions: [[0, 3]] } }],
    ],
    [
      'a sparse directory',
      /other than a file/,
      [{ ...sparse({ 'GNU.sparse.size': '3' }), type: 'directory' }],
    ],
  ])('%s', async (_, reason, members) => {
    await expect(readAll(tarBytes(members))).rejects.toThrow(reason);
    await expect(readAll(tarBytes(members))).rejects.toThrow(/^corrupt: /);
  });

  test.each([100, 512, 700, 1023])('an archive that ends after %d bytes', async (length) => {
    const bytes = tarBytes([{ name: 'a', content: 'x'.repeat(600) }]).subarray(0, length);
    await expect(readAll(bytes)).rejects.toThrow('corrupt: it is cut short');
  });

  test('a number in base 256 that is not exact', async () => {
    const bytes = tarBytes([{ name: 'a', base256: true }]);
    bytes.fill(0x7f, 137, 148);
    const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    const field = bytes.subarray(148, 156).reduce((total, byte) => total + byte, 0);
    bytes.write((sum - field + 256).toString(8).padStart(6, '0'), 148, 'latin1');
    bytes[154] = 0;
    await expect(readAll(bytes)).rejects.toThrow('corrupt: a number is too large');
  });
});

/** A raw extended header, and the member after it. */
function record(text: string): TestMember {
  return { name: 'pax', flag: 'x', content: text };
}
