import { createHash } from 'node:crypto';
import { chmodSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hashFile } from '../../../../src/common/files/digest.ts';
import { stampTree } from '../../../../src/common/files/walk-tree.ts';
import {
  rememberedHash,
  treeContentDigest,
  treeSignature,
} from '../../../../src/factory/pipeline/digests.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

describe('hashFile', () => {
  test.each([0, 1, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1])('is the sha256 of %i bytes', async (length) => {
    const bytes = Buffer.alloc(length, 'abc');
    const file = join(plant(temporaryDirectory(), { file: bytes }), 'file');
    expect(await hashFile(file)).toBe(sha256(bytes));
  });

  test('ends when it is cancelled', async () => {
    const file = join(plant(temporaryDirectory(), { file: 'x' }), 'file');
    const reason = new Error('stop');
    await expect(hashFile(file, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('rememberedHash', () => {
  test('follows every change of the file', async () => {
    const home = plant(temporaryDirectory(), { file: 'one' });
    const [file, memory] = [join(home, 'file'), join(home, 'memory')];
    for (const text of ['one', 'two', 'three']) {
      writeFileSync(file, text);
      expect(await rememberedHash(memory, file)).toBe(sha256(text));
      expect(await rememberedHash(memory, file)).toBe(sha256(text));
    }
    // Another file of the same size and time in its place.
    plant(home, { other: 'seven' });
    utimesSync(file, 1000, 1000);
    utimesSync(join(home, 'other'), 1000, 1000);
    await rememberedHash(memory, file);
    renameSync(join(home, 'other'), file);
    expect(await rememberedHash(memory, file)).toBe(sha256('seven'));
  });

  test('fails for a file that is not there', async () => {
    const home = temporaryDirectory();
    await expect(rememberedHash(home, join(home, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe.each([
  ['treeSignature', treeSignature],
  ['treeContentDigest', treeContentDigest],
])('%s', (_, digest) => {
  function tree(): string {
    const root = plant(temporaryDirectory(), { 'd/one': 'one', 'd/two': 'two', link: { link: 'd' } });
    for (const name of ['d/one', 'd/two']) chmodSync(join(root, name), 0o644);
    stampTree(root, 1000);
    return root;
  }

  test('is the same for the same tree', () => {
    const root = tree();
    expect(digest(root)).toBe(digest(root));
  });

  test.each<[string, (root: string) => void]>([
    ['a content', (root) => writeFileSync(join(root, 'd/one'), 'uno')],
    ['a mode', (root) => chmodSync(join(root, 'd/one'), 0o755)],
    ['a name', (root) => renameSync(join(root, 'd/one'), join(root, 'd/uno'))],
    ['a file too few', (root) => rmSync(join(root, 'd/one'))],
    ['a file too many', (root) => writeFileSync(join(root, 'd/three'), '')],
    [
      'a file in the place of a link',
      (root) => {
        rmSync(join(root, 'link'));
        writeFileSync(join(root, 'link'), 'd');
      },
    ],
  ])('is another for %s', (_name, change) => {
    const root = tree();
    const before = digest(root);
    change(root);
    expect(digest(root)).not.toBe(before);
  });
});

test('a content digest does not depend on times, and a signature does', () => {
  const root = plant(temporaryDirectory(), { file: 'x' });
  const before = [treeContentDigest(root), treeSignature(root)];
  utimesSync(join(root, 'file'), 1000, 1000);
  expect(treeContentDigest(root)).toBe(before[0]);
  expect(treeSignature(root)).not.toBe(before[1]);
});
