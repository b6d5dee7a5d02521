import { mkdir, mkdtemp, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { buildahStore } from '../support/buildah-store.ts';
import { factory, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

let build: TestBuild;
let home: string;
let layer: string;

beforeAll(async () => {
  build = await testBuild();
  home = await mkdtemp(join(TEST_HOME, 'ready-'));
  const blobs = join(build.artifact('oci'), 'blobs/sha256');
  const sizes = await Promise.all(
    (await readdir(blobs)).map(async (name) => ({ name, size: (await stat(join(blobs, name))).size })),
  );
  layer = join(blobs, sizes.sort((a, b) => b.size - a.size)[0]?.name ?? '');
});
// Unpacked roots contain directories that only their owner may enter.
afterAll(() => tool('rm', '-rf', home));

const sumOf = (report: BuildReport, kind: string) =>
  report.manifest.artifacts.find((entry) => entry.kind === kind)?.sha256;

test('artifacts of a ready image have the bytes of its build', async () => {
  const args = [
    'artifacts',
    '--image',
    `oci:${build.artifact('oci')}`,
    '--artifact',
    'squashfs,iso',
    '--compression',
    'fast',
  ];
  const { status, stdout, stderr } = await factory([...args, '--output', join(home, 'out'), '--json']);
  expect(status, stderr).toBe(0);
  const report = JSON.parse(stdout) as BuildReport;
  for (const kind of ['squashfs', 'iso']) expect(sumOf(report, kind)).toBe(sumOf(build.report, kind));
});

test('a Docker archive, a compressed tar and a directory are images too', async () => {
  const store = buildahStore(home);
  await symlink(build.artifact('oci'), join(home, 'image'));
  const inHome = ['-c', 'cd "$1" && shift && exec "$@"', 'sh', home, 'buildah', ...store];
  // Committed again, because a Docker archive cannot contain zstd layers.
  const container = (await tool('sh', ...inHome, 'from', 'oci:image')).trim();
  await tool('sh', ...inHome, 'commit', '--quiet', '--squash', container, 'localhost/os');
  await tool('sh', ...inHome, 'push', '--quiet', 'localhost/os', 'docker-archive:image.tar:localhost/os:1');
  await tool('sh', ...inHome, 'rm', '--all');
  await symlink(layer, join(home, 'root.tar.zst'));
  const root = join(home, 'root');
  await mkdir(root);
  await tool('tar', '--zstd', '-xf', layer, '-C', root);
  for (const reference of [`docker-archive:${home}/image.tar`, join(home, 'root.tar.zst'), `dir:${root}`]) {
    const { status, stdout, stderr } = await factory(['check', reference, '--json']);
    expect(status, `${reference}: ${stderr}`).toBe(0);
    expect(JSON.parse(stdout).every((finding: { passed: boolean }) => finding.passed)).toBe(true);
  }
});

test('an image that is not an OS is refused, with each failed check', async () => {
  const bare = join(home, 'bare');
  await mkdir(join(bare, 'etc'), { recursive: true });
  const { status, stdout } = await factory(['check', bare]);
  expect(status).toBe(5);
  expect(stdout).toMatch(/^FAIL {2}kernel: \/boot\/vmlinuz is missing/m);
  const made = await factory(['artifacts', '--image', `dir:${bare}`, '--output', join(home, 'bare-out')]);
  expect(made.status).toBe(5);
  expect(made.stderr).toMatch(/is not an OS image/);
});
