import { linkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compare } from '../../../../../src/factory/inspect/diff/compare.ts';
import type { ContentsContext } from '../../../../../src/factory/inspect/diff/unpacked-tree.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const unused = () => {
  throw new Error('something was opened');
};
/** Fails whoever opens anything. */
const UNUSED = { images: { pin: unused }, scratch: unused, daemon: unused } as unknown as ContentsContext;

test.each([
  ['root', 'root'],
  ['root', 'link'],
  ['disk.raw', 'other.raw'],
  ['build', 'build'],
  ['docker-archive:image.tar', 'docker-archive:image.tar'],
])('%s and %s are the same, and nothing is read', async (one, other) => {
  const home = plant(temporaryDirectory(), {
    'root/etc/motd': 'hello',
    link: { link: 'root' },
    'disk.raw': 'disk',
    'image.tar': 'archive',
    'build/SHA256SUMS': '',
    'build/manifest.json': '{"artifacts":[]}',
  });
  linkSync(join(home, 'disk.raw'), join(home, 'other.raw'));
  const at = (text: string) => text.replace(/[^:]+$/, (path) => join(home, path));
  expect(await compare(at(one), at(other), UNUSED)).toMatchObject({
    isSame: true,
    a: { name: at(one) },
    b: { name: at(other) },
    trees: [],
  });
});

test('a path that does not exist is not the same as itself', async () => {
  const missing = `docker-archive:${join(temporaryDirectory(), 'missing.tar')}`;
  await expect(compare(missing, missing, UNUSED)).rejects.toThrow();
});
