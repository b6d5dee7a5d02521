import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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

async function apply(...layers: (readonly TestMember[] | Buffer)[]): Promise<number> {
  const files = await Promise.all(
    layers.map(async (layer, index) => {
      const bytes = Buffer.isBuffer(layer) ? layer : gzipSync(tarBytes(layer));
      await host.write(`/blobs/${index}`, bytes);
      return { file: host.resolve(`/blobs/${index}`), start: 0, size: bytes.length };
    }),
  );
  return applyLayers(host, files, { target });
}

const read = (path: string) => readFileSync(join(target, path), 'utf8');
const names = (path = '.') => readdirSync(join(target, path)).sort();
const directory = (name: string): TestMember => ({ name, type: 'directory' });
const file = (name: string, content = name): TestMember => ({ name, content });
const link = (name: string, linkName: string): TestMember => ({ name, type: 'link', linkName });
const refusal = (reason: RegExp) => ({ kind: 'verification', message: expect.stringMatching(reason) });

describe('hostile layers', () => {
  beforeEach(() => {
    mkdirSync(join(host.root, 'outside'));
    writeFileSync(join(host.root, 'outside', 'victim'), 'untouched');
  });
  afterEach(() => {
    expect(readdirSync(join(host.root, 'outside'))).toEqual(['victim']);
    expect(readFileSync(join(host.root, 'outside', 'victim'), 'utf8')).toBe('untouched');
  });

  const hard = (name: string, linkName: string): TestMember => ({ name, type: 'hard', linkName });

  test.each<[string, RegExp, ...TestMember[][]]>([
    ['dots after a slash', /outside the root/, [file('/../outside/new')]],
    ['dots', /outside the root/, [file('../outside/new')]],
    ['dots within', /outside the root/, [file('a/../../outside/new')]],
    ['dots in an extended header', /outside the root/, [{ ...file('x'), pax: { path: '../outside/new' } }]],
    ['a hard link with dots after a slash', /"a": its path leads outside/, [hard('a', '/../outside/victim')]],
    ['a hard link out', /outside the root/, [hard('a', '../outside/victim')]],
    ['a file below a link out', /leads outside/, [link('out', '../outside'), file('out/new')]],
    ['a hard link through one', /leads outside/, [link('out', '../outside'), hard('a', 'out/victim')]],
    [
      'a file below a link of the layer below',
      /leads outside/,
      [link('out', '../outside')],
      [file('out/new')],
    ],
    ['a whiteout below a link', /leads outside/, [link('out', '../outside')], [file('out/.wh.victim', '')]],
    [
      'a directory that became a link',
      /leads outside/,
      [directory('d'), file('d/x')],
      [link('d', '../outside')],
      [file('d/new')],
    ],
    ['a hard link to a link', /leads outside/, [link('out', '../outside'), hard('d', 'out'), file('d/new')]],
    ['links in a loop', /form a loop/, [link('a', 'b'), link('b', 'a'), file('a/x')]],
    [
      'a link and a directory',
      /link and a directory/,
      [link('d', '/outside'), directory('d'), file('d/new')],
    ],
    ['a whiteout of the root', /without a file name/, [file('a')], [file('.wh..', '')]],
    ['a whiteout of the parent', /without a file name/, [file('a')], [file('.wh...', '')]],
    ['a name with a NUL', /NUL/, [{ ...file('x'), pax: { path: 'a\0b' } }]],
    ['a long path', /too long/, [{ ...file('x'), pax: { path: `${'d/'.repeat(2100)}x` } }]],
    ['a long name', /too long/, [{ ...file('x'), pax: { path: 'd'.repeat(256) } }]],
    ['a file as the root', /root is a directory/, [file('./.')]],
    ['an unknown kind', /is not allowed in images/, [{ name: 'x', flag: 'V' }]],
    [
      'more than can be in holes',
      /bytes of holes/,
      [{ ...file('x', 'abc'), pax: { 'GNU.sparse.size': '9000000000000', 'GNU.sparse.map': '0,3' } }],
    ],
  ])('%s is refused', async (_, reason, ...layers) => {
    await expect(apply(...layers)).rejects.toMatchObject(refusal(reason));
  });

  test.each<[string, readonly TestMember[]]>([
    ['an absolute name', [file('/outside/victim', 'inside')]],
    ['a link that leads out, and a mark', [link('outside', '../outside'), file('outside/.wh..wh..opq', '')]],
  ])('%s stays within the image', async (_, members) => {
    await apply(members, members);
    expect(names()).toEqual(['outside']);
  });

  test('an absolute link is resolved within the image', async () => {
    await apply([link('out', `${host.root}/outside`)], [file('out/new', 'inside')]);
    expect(read(`${host.root}/outside/new`)).toBe('inside');
  });

  test('a link by which another layer is unpacked may point anywhere', async () => {
    await apply([link('mtab', '/proc/self/mounts'), link('up', '../../..')], [file('b')]);
    expect(names()).toEqual(['b', 'mtab', 'up']);
  });

  test.each([
    ['no tar', Buffer.from('x'.repeat(1024)), /not a tar archive/],
    ['cut within a file', tarBytes([file('a', 'x'.repeat(2000))]).subarray(0, 1500), /cut short/],
    ['cut within a header', tarBytes([file('a')]).subarray(0, 300), /cut short/],
    ['a cut stream', gzipSync(tarBytes([file('a', 'x'.repeat(2000))])).subarray(0, 60), /corrupt/],
    ['xz', Buffer.concat([Buffer.from([0xfd]), Buffer.from('7zXZ\0rest')]), /xz/],
  ])('%s is reported', async (_, bytes, reason) => {
    await expect(apply(bytes)).rejects.toMatchObject(refusal(reason));
  });

  test('the digest of the uncompressed layer is checked', async () => {
    await host.write('/blob', tarBytes([file('a')]));
    const { size } = statSync(host.resolve('/blob'));
    const layer = { file: host.resolve('/blob'), start: 0, size, diffId: `sha256:${'0'.repeat(64)}` };
    await expect(applyLayers(host, [layer], { target })).rejects.toMatchObject(refusal(/digest/));
  });
});
