import { existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { restoreCache, saveCache } from '../../../../../src/factory/pipeline/tidy/cache-archive.ts';
import { openWorkspace } from '../../../../../src/factory/pipeline/workspace.ts';
import { tool } from '../../../../support/tool.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { realRunner } from '../../artifacts/support/runner.ts';

const runner = realRunner();

async function inCache<T>(
  root: string,
  use: (session: Parameters<typeof saveCache>[0]) => Promise<T>,
): Promise<T> {
  const workspace = await openWorkspace(root);
  try {
    return await use({ workspace, runner });
  } finally {
    await workspace.close();
  }
}

test('what one cache has is in another one afterwards, and what that one has already stays', async () => {
  const file = join(temporaryDirectory(), 'cache.tar.zst');
  const from = plant(temporaryDirectory(), {
    'steps/a/result.json': 'a',
    'registry/blobs/x': 'blob',
    'logs/1.log': 'log',
  });
  const saved = await inCache(from, (session) => saveCache(session, file));
  expect(saved.parts).toContain('steps');
  const to = plant(temporaryDirectory(), { 'steps/b/result.json': 'b' });
  const { parts } = await inCache(to, (session) => restoreCache(session, file));
  expect(parts).toContain('registry');
  expect(parts).not.toContain('steps');
  expect(readFileSync(join(to, 'registry/blobs/x'), 'utf8')).toBe('blob');
  expect(existsSync(join(to, 'steps/a'))).toBe(false);
});

test('a link instead of a part is left out', async () => {
  const elsewhere = plant(temporaryDirectory(), { 'result.json': 'of somebody else' });
  const made = temporaryDirectory();
  symlinkSync(elsewhere, join(made, 'steps'));
  const file = join(temporaryDirectory(), 'cache.tar');
  await tool('tar', '-C', made, '-cf', file, 'steps');
  const root = temporaryDirectory();
  expect((await inCache(root, (session) => restoreCache(session, file))).parts).toEqual([]);
  expect(lstatSync(join(root, 'steps'), { throwIfNoEntry: false })?.isSymbolicLink() ?? false).toBe(false);
});
