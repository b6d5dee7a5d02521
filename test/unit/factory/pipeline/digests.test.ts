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
  test.each([0, 1, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1])(
    'returns the sha256 of %i bytes',
    async (length) => {
      const bytes = Buffer.alloc(length, 'abc');
      const file = join(plant(temporaryDirectory(), { file: bytes }), 'file');
      expect(await hashFile(file)).toBe(sha256(bytes));
    },
  );

  test('stops when it is aborted', async () => {
    const file = join(plant(temporaryDirectory(), { file: 'x' }), 'file');
    const reason = new Error('stop');
    await expect(hashFile(file, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('rememberedHash', () => {
  test('notices every change of the file', async () => {
    const home = plant(temporaryDirectory(), { file: 'one' });
    const file = join(home, 'file');
    const memory = join(home, 'memory');
    for (const text of ['one', 'two', 'three']) {
      writeFileSync(file, text);
      expect(await rememberedHash(memory, file)).toBe(sha256(text));
      expect(await rememberedHash(memory, file)).toBe(sha256(text));
    }
    // A replaced file with the same size and time.
    plant(home, { other: 'seven' });
    utimesSync(file, 1000, 1000);
    utimesSync(join(home, 'other'), 1000, 1000);
    await rememberedHash(memory, file);
    renameSync(join(home, 'other'), file);
    expect(await rememberedHash(memory, file)).toBe(sha256('seven'));
  });

  test('fails for a file that does not exist', async () => {
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
    ['changed content', (root) => writeFileSync(join(root, 'd/one'), 'uno')],
    ['a changed mode', (root) => chmodSync(join(root, 'd/one'), 0o755)],
    ['a changed name', (root) => renameSync(join(root, 'd/one'), join(root, 'd/uno'))],
    ['a missing file', (root) => rmSync(join(root, 'd/one'))],
    ['an extra file', (root) => writeFileSync(join(root, 'd/three'), '')],
    [
      'a file instead of a link',
      (root) => {
        rmSync(join(root, 'link'));
        writeFileSync(join(root, 'link'), 'd');
      },
    ],
  ])('differs for %s', (_name, change) => {
    const root = tree();
    const before = digest(root);
    change(root);
    expect(digest(root)).not.toBe(before);
  });
});

test('times affect a signature, but not a content digest', () => {
  const root = plant(temporaryDirectory(), { file: 'x' });
  const before = [treeContentDigest(root), treeSignature(root)];
  utimesSync(join(root, 'file'), 1000, 1000);
  expect(treeContentDigest(root)).toBe(before[0]);
  expect(treeSignature(root)).not.toBe(before[1]);
});
