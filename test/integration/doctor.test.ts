import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { factory, TEST_HOME } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

/** Programs that the test's machine lacks, and their packages. */
const MISSING = ['buildah', 'mksquashfs', 'mmdebstrap', 'xorriso'];
const PACKAGES = 'buildah mmdebstrap squashfs-tools xorriso';

let home: string;
let env: Record<string, string>;
beforeAll(async () => {
  await mkdir(TEST_HOME, { recursive: true });
  home = await mkdtemp(join(TEST_HOME, 'doctor-'));
  const bin = join(home, 'bin');
  await mkdir(bin);
  const link = 'for f in /usr/bin/* /bin/*; do ln -sf "$f" "$1"; done; ln -sf "$2" "$1/node"';
  await tool('sh', '-c', link, 'sh', bin, process.execPath);
  for (const name of MISSING) await rm(join(bin, name));
  env = { PATH: bin, KAIROS_FACTORY_CACHE: join(home, 'cache') };
});
afterAll(() => rm(home, { recursive: true, force: true }));

const BUILD = ['--flavor', 'debian', '--engine', 'buildah', '--artifact', 'iso', '--output', 'out'];
const run = (...args: string[]) => factory(args, { cwd: home, env });

test('a build names everything that is missing, engine and tools, with one command', async () => {
  const { status, stderr } = await run('build', ...BUILD);
  expect(stderr).toMatch(/4 programs are not installed/);
  for (const name of MISSING) expect(stderr).toContain(`${name} is not installed (`);
  expect(stderr).toContain(`apt-get install ${PACKAGES}\n`);
  expect(status).toBe(3);
});

test('doctor reports the same, before a build is tried', async () => {
  const { status, stdout } = await run('doctor', ...BUILD, '--json');
  const { ready, checks, fixes } = JSON.parse(stdout);
  const faults = checks.filter(({ state }: { state: string }) => state === 'fault');
  expect(faults.map(({ name }: { name: string }) => name).sort()).toEqual(MISSING);
  expect(fixes).toEqual([expect.stringMatching(new RegExp(`apt-get install -y .*${PACKAGES}$`))]);
  expect([status, ready]).toEqual([3, false]);
});

test('nothing is installed unless somebody agrees', async () => {
  const { status, stderr } = await run('doctor', ...BUILD, '--fix');
  expect(stderr).toMatch(/apt-get install -y .*--yes/s);
  expect(status).toBe(2);
});

test.skipIf(process.getuid?.() !== 0)('--fix --yes runs the package manager (needs root)', async () => {
  const { status, stderr } = await run('doctor', ...BUILD, '--fix', '--yes');
  // The packages are here: only this test's PATH lacks their programs.
  for (const name of PACKAGES.split(' ')) expect(stderr).toMatch(new RegExp(`${name} is already the newest`));
  expect(status).toBe(3);
});

test('with all its tools the machine is ready, and the text says what each is for', async () => {
  const { status, stdout, stderr } = await factory(['doctor', ...BUILD], { cwd: home });
  expect(stdout, stderr).toContain('This machine has everything that is needed.');
  expect(stdout).toMatch(/ok {2,}xorriso +\d[\d.]+ +writes the ISO/);
  expect(stdout).toMatch(/GiB free +artifacts, about /);
  expect(status).toBe(0);
});
