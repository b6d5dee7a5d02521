import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { factory, TEST_HOME, testBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

let home: string;
let args: readonly string[];
let env: Record<string, string>;
beforeAll(async () => {
  const build = await testBuild();
  home = await mkdtemp(join(TEST_HOME, 'cache-'));
  env = { KAIROS_FACTORY_CACHE: join(home, 'cache') };
  const image = ['--image', `oci:${build.artifact('oci')}`, '--engine', 'buildah'];
  args = [
    'artifacts',
    ...image,
    '--artifact',
    'squashfs',
    '--compression',
    'fast',
    '--output',
    join(home, 'out'),
  ];
});
// Files in the store can belong to others.
afterAll(async () => {
  await tool('rm', '-rf', join(home, 'cache'));
  await rm(home, { recursive: true, force: true });
});

async function json(...words: string[]) {
  const { status, stdout, stderr } = await factory([...words, '--json'], { cwd: home, env });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}
const sizeOf = async (part: string) => {
  const { parts } = await json('cache', 'du');
  return parts.find((each: { part: string }) => each.part === part).bytes;
};

test('a build leaves results, images, a log by steps, and records for the next plan', async () => {
  await json(...args);
  expect(await sizeOf('results')).toBeGreaterThan(50 * 1024 * 1024);
  expect(await sizeOf('images')).toBeGreaterThan(100 * 1024 * 1024);
  const { logs } = await json('logs');
  const log = logs.find(({ command }: { command: string }) => command.startsWith('artifacts '));
  expect(log.steps).toEqual(expect.arrayContaining(['image', 'squashfs']));
  const { lines } = await json('logs', 'squashfs');
  expect(lines.join('\n')).toContain('[squashfs] $ mksquashfs ');
  const { plan, unknown } = await json(...args, '--plan', '--no-cache');
  const step = plan.find(({ id }: { id: string }) => id === 'squashfs');
  expect(step.prediction).toMatchObject({ from: 'same', seconds: expect.any(Number) });
  expect(unknown).not.toContain('squashfs');
});

test('a prune keeps what is used: the next build is cached', async () => {
  const planned = await json('cache', 'prune', '--dry-run');
  expect(planned.items).toEqual([]);
  await json('cache', 'prune');
  const { steps } = await json(...args);
  const ran = steps.filter(({ cached }: { cached: boolean }) => !cached);
  expect(ran.map(({ id }: { id: string }) => id)).toEqual([]);
});

test('by size and in whole, images of the store are removed with their results, and a build works again', async () => {
  const before = await sizeOf('images');
  const { items, images } = await json('cache', 'prune', '--max-size', '1MiB', '--dry-run');
  expect([items.length > 2, images.length]).toEqual([true, 1]);
  expect(await sizeOf('images')).toBe(before);
  await json('cache', 'prune', '--all');
  expect(await sizeOf('images')).toBeLessThan(before / 20);
  expect(await sizeOf('results')).toBeLessThan(1024 * 1024);
  await json(...args);
});
