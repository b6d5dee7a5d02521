import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../support/factory.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const MAIN = join(PROJECT, 'src/factory/cli/main.ts');

test.each([['logs'], ['cache', 'du'], ['ssh']])(
  '%s does not take a cache that cannot be read for an empty one',
  async (...words) => {
    const cache = join(plant(temporaryDirectory(), { file: '' }), 'file');
    const env = { KAIROS_FACTORY_CACHE: cache };
    const { exitCode, stderr } = await execa(process.execPath, [MAIN, ...words], { env, reject: false });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('code: CACHE_UNUSABLE')]);
  },
);

test('output that cannot be written is a full disk, not a defect', async () => {
  const line = '"$0" "$1" flavors >/dev/full';
  const { exitCode, stderr } = await execa('sh', ['-c', line, process.execPath, MAIN], { reject: false });
  expect(exitCode, stderr).toBe(4);
  expect(stderr).toMatch(/^error: cannot write to standard output: no space is left on the filesystem\n/);
  expect(stderr).not.toMatch(/ {4}at /);
});

test.each([
  [['doctor', '--yes'], 'Add --fix'],
  [['plan', '--mermaid', '--json'], 'cannot be used with'],
] as const)('%j names what contradicts', async (words, text) => {
  const { exitCode, stderr } = await execa(process.execPath, [MAIN, ...words], { reject: false });
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(text)]);
});
