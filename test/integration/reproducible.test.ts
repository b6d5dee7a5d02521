import { chmod, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { factory, PROJECT, TEST_HOME } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

const USER = 'kairos-factory-test';
const PARTS = [...packageJson.files, 'node_modules', '.tools', 'package.json'];

const isRoot = process.getuid?.() === 0;

/** An ordinary user can only be made by root. */
describe.skipIf(!isRoot)('an ordinary user with subordinate ids (needs root to make one)', () => {
  let home: string;
  let base: string;

  beforeAll(async () => {
    await tool('id', USER).catch(() => tool('useradd', '--create-home', USER));
    home = await mkdtemp(join(tmpdir(), 'kairos-factory-user-'));
    await chmod(home, 0o755);
    // The checkout may stand where that user cannot go.
    for (const part of PARTS) {
      await cp(join(PROJECT, part), join(home, 'project', part), {
        recursive: true,
        verbatimSymlinks: true,
      }).catch((error: NodeJS.ErrnoException) => {
        if (part !== '.tools' || error.code !== 'ENOENT') throw error;
      });
    }
    await mkdir(join(home, 'work'));
    await tool('chown', USER, join(home, 'work'));
    base = join(home, 'base.tar');
    await tool('mmdebstrap', '--quiet', '--variant=minbase', '--include=ca-certificates', 'bookworm', base);
  });
  afterAll(async () => {
    if (home) await tool('rm', '-rf', home);
  });

  test('makes the same bytes as root, in another place, with another umask', async () => {
    const args = [
      'build',
      '--flavor',
      'debian',
      '--base',
      base,
      '--kernel',
      'cloud',
      '--compression',
      'fast',
    ];
    const mine = join(home, 'root');
    const byRoot = await factory([...args, '--output', mine], {
      env: { KAIROS_FACTORY_CACHE: join(home, 'root-cache') },
    });
    expect(byRoot.status, byRoot.stderr).toBe(0);

    const theirs = join(home, 'work', 'out');
    const command = [
      '-u',
      USER,
      '--',
      'env',
      `KAIROS_FACTORY_CACHE=${join(home, 'work', 'Cache')}`,
      'CI=true',
      'TZ=Asia/Tokyo',
    ];
    const program = ['sh', '-c', 'cd "$1" && shift && umask 077 && exec "$@"', 'sh', join(home, 'work')];
    await tool(
      'runuser',
      ...command,
      ...program,
      join(home, 'project/bin/kairos-factory'),
      ...args,
      '--output',
      theirs,
    );

    for (const file of ['SHA256SUMS', 'manifest.json']) {
      expect(await readFile(join(theirs, file), 'utf8')).toBe(await readFile(join(mine, file), 'utf8'));
    }
    await rm(mine, { recursive: true });
  });
});

test('an unchanged build does nothing; a changed cloud-config makes only what holds it', async () => {
  const home = await mkdtemp(join(TEST_HOME, 'cached-'));
  try {
    const config = join(home, 'config.yaml');
    const write = (name: string) =>
      tool('sh', '-c', 'printf "#cloud-config\\nhostname: %s\\n" "$1" >"$2"', 'sh', name, config);
    const args = [
      'build',
      '--flavor',
      'debian',
      '--kernel',
      'cloud',
      '--compression',
      'fast',
      '--artifact',
      'squashfs,iso',
    ];
    const run = async () => {
      const { status, stdout, stderr } = await factory([
        ...args,
        '--cloud-config',
        config,
        '--output',
        join(home, 'out'),
        '--json',
      ]);
      expect(status, stderr).toBe(0);
      const report = JSON.parse(stdout) as {
        steps: { id: string; cached: boolean }[];
        manifest: { artifacts: { kind: string; sha256: string }[] };
      };
      const ran = report.steps.filter(({ cached }) => !cached).map(({ id }) => id);
      return { ran: ran.sort(), iso: report.manifest.artifacts.find(({ kind }) => kind === 'iso')?.sha256 };
    };
    await write('a');
    const first = await run();
    expect((await run()).ran).toEqual([]);
    await write('b');
    const second = await run();
    expect(second.ran).toEqual(['artifact:iso', 'audit', 'checksum:iso', 'provenance']);
    expect(second.iso).not.toBe(first.iso);
    // The file of "a" is gone: that it was made once must not make it count as there.
    await write('a');
    const third = await run();
    expect(third).toEqual({ ran: ['artifact:iso', 'checksum:iso', 'provenance'], iso: first.iso });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
