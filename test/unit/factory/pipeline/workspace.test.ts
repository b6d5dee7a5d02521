import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { filesystemInstance } from '../../../../src/factory/pipeline/filesystem-instance.ts';
import {
  cacheDirectory,
  openOutput,
  openWorkspace,
  refuseCache,
} from '../../../../src/factory/pipeline/workspace.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const LOCK = '.kairos-factory.lock';

/** Another process that holds the lock of a file, as each run does; `before` starts it in other surroundings. */
async function holder(file: string, before: readonly string[] = []): Promise<{ kill: () => Promise<void> }> {
  mkdirSync(dirname(file), { recursive: true });
  const [program = '', ...args] = [...before, 'flock', '-x', file, 'sh', '-c', 'echo held; exec cat'];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.stdin.end();
    await once(child, 'exit');
  };
  onTestFinished(kill);
  return { kill };
}

/** A live run of another process in the cache `root`. */
async function otherRun(root: string, identity: string, before?: readonly string[]) {
  const run = await holder(join(root, 'work', `.lock-${identity}`), before);
  plant(root, { [`work/${identity}/d/file`]: 'x' });
  return run;
}

/** Starts a program where this one is process 1: a container, as far as process ids go. */
const IN_CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc'];

describe('cacheDirectory', () => {
  test.each([
    [{ KAIROS_FACTORY_CACHE: '/c', XDG_CACHE_HOME: '/x' }, '/c'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/kairos-factory'],
    [{ KAIROS_FACTORY_CACHE: '', XDG_CACHE_HOME: '/x' }, '/x/kairos-factory'],
    [{ KAIROS_FACTORY_CACHE: 'c' }, join(process.cwd(), 'c')],
    [{ XDG_CACHE_HOME: '' }, join(homedir(), '.cache/kairos-factory')],
    [{ XDG_CACHE_HOME: 'x' }, join(homedir(), '.cache/kairos-factory')],
  ])('of %j is %s', (env, path) => {
    expect(cacheDirectory(env)).toBe(path);
  });

  test('defaults to the home directory', () => {
    expect(cacheDirectory({})).toMatch(/^\/.*\/\.cache\/kairos-factory$/);
  });
});

describe('openWorkspace', () => {
  test.each([
    ['a file', (home: string) => join(plant(home, { file: 'x' }), 'file')],
    ['below a file', (home: string) => join(plant(home, { file: 'x' }), 'file/cache')],
    ['where the kernel creates nothing', () => '/proc/kairos-factory/cache'],
    ['read-only', () => '/sys/kairos-factory'],
  ])('refuses a cache that is %s, with a remedy', async (_, cache) => {
    const root = cache(temporaryDirectory());
    const error = await failureOf(() => openWorkspace(root), 'usage');
    expect([error.code, error.message]).toEqual(['CACHE_UNUSABLE', expect.stringContaining(root)]);
    expect(error.remedy).toContain('KAIROS_FACTORY_CACHE');
  });

  test('reports a full disk of the cache as such', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { errno: -28, code: 'ENOSPC' });
    const error = await failureOf(() => refuseCache('/cache')(full), 'step');
    expect(error.code).toBe('DISK_FULL');
  });

  test('is private to its owner and removed when closed', async () => {
    const root = join(temporaryDirectory(), 'a/cache');
    const workspace = await openWorkspace(root);
    for (const path of [root, join(root, 'work'), join(root, 'logs'), workspace.work])
      expect(statSync(path).mode & 0o777).toBe(0o700);
    writeFileSync(join(workspace.work, 'x'), 'x');
    await workspace.close();
    expect(existsSync(workspace.work)).toBe(false);
  });

  test('removes files of killed processes, but not of live ones', async () => {
    const root = temporaryDirectory();
    await otherRun(root, '11-22');
    const dead = ['33-44', `${process.pid}-1`, 'rubbish', '.push-55-66'];
    for (const name of dead) plant(root, { [`work/${name}/d/file`]: 'x' });
    plant(root, { 'work/.lock-33-44': '' });
    const workspace = await openWorkspace(root);
    expect(workspace.recovered).toBe(true);
    const me = workspace.owner.identity;
    const left = [me, `.lock-${me}`, '11-22', '.lock-11-22'];
    expect(readdirSync(join(root, 'work')).sort()).toEqual(left.sort());
    await workspace.close();
    expect(readdirSync(join(root, 'work')).sort()).toEqual(['.lock-11-22', '11-22']);
  });

  test.runIf(process.getuid?.() === 0)(
    'does not take a run in another PID namespace for dead (needs root to enter one)',
    async () => {
      const root = temporaryDirectory();
      await otherRun(root, '1-22', IN_CONTAINER);
      const workspace = await openWorkspace(root);
      expect(existsSync(join(root, 'work/1-22/d/file'))).toBe(true);
      expect(await workspace.alone()).toBe(false);
      await workspace.close();
    },
  );

  test('lets one of several runs remove the files of a dead one, and none of a live one', async () => {
    const root = temporaryDirectory();
    plant(root, { 'work/33-44/file': 'x' });
    const all = await Promise.all([1, 2, 3, 4].map(() => openWorkspace(root)));
    for (const { work } of all) expect(existsSync(work)).toBe(true);
    expect(all.filter(({ recovered }) => recovered)).toHaveLength(1);
    for (const { close } of all) await close();
  });

  test.each([
    ['a power cut', 'an earlier boot 7', false],
    ['a kill', undefined, true],
  ])('after %s of a run, removes the images of the engine or keeps them', async (_, instance, kept) => {
    const root = temporaryDirectory();
    plant(root, { 'store/images/layer': 'x', 'steps/a/key': 'x' });
    const same = await filesystemInstance(root);
    plant(root, { 'work/33-44/filesystem': instance ?? same });
    await (await openWorkspace(root)).close();
    expect(existsSync(join(root, 'store/images/layer'))).toBe(kept);
    expect(existsSync(join(root, 'steps/a/key'))).toBe(true);
  });

  test('detects other processes', async () => {
    const root = temporaryDirectory();
    const workspace = await openWorkspace(root);
    expect(await workspace.alone()).toBe(true);
    const other = await otherRun(root, '11-22');
    expect(await workspace.alone()).toBe(false);
    await other.kill();
    expect(await workspace.alone()).toBe(true);
    await workspace.close();
  });

  test('keeps only the newest logs', async () => {
    const root = temporaryDirectory();
    const names = Array.from(
      { length: 30 },
      (_, index) => `2024-01-${String(index + 1).padStart(2, '0')}.log`,
    );
    plant(root, Object.fromEntries(names.map((name) => [`logs/${name}`, ''])));
    const workspace = await openWorkspace(root);
    expect(readdirSync(join(root, 'logs')).sort()).toEqual(names.slice(10));
    await workspace.close();
  });
});

describe('openOutput', () => {
  test('creates and locks the directory, and keeps only finished files', async () => {
    const path = join(temporaryDirectory(), 'a/out');
    const output = await openOutput(path);
    expect(output.path).toBe(path);
    writeFileSync(output.partial('half.iso'), 'x');
    mkdirSync(output.partial('layout'));
    writeFileSync(join(path, 'whole.iso'), 'x');
    expect(readFileSync(join(path, LOCK), 'utf8')).toBe(String(process.pid));
    await output.close();
    expect(readdirSync(path)).toEqual(['whole.iso']);
  });

  test('returns distinct partial paths in the directory', async () => {
    const output = await openOutput(temporaryDirectory());
    const one = output.partial('a.iso');
    const other = output.partial('b.iso');
    expect(join(one, '..')).toBe(output.path);
    expect(one).not.toBe(other);
    await output.close();
  });

  test('refuses a directory that another process writes to, and keeps its lock', async () => {
    const path = plant(temporaryDirectory(), { '.partial-11-22-x.iso': 'x' });
    const other = await holder(join(path, LOCK));
    writeFileSync(join(path, LOCK), '4711');
    const error = await failureOf(() => openOutput(path));
    expect([error.kind, error.message]).toEqual(['usage', expect.stringContaining('process 4711')]);
    expect(error.remedy).toContain('--output');
    expect(readdirSync(path).sort()).toEqual([LOCK, '.partial-11-22-x.iso'].sort());
    await other.kill();
    await (await openOutput(path)).close();
    expect(readdirSync(path)).toEqual([]);
  });

  test.runIf(process.getuid?.() === 0)(
    'refuses a directory that a process in another PID namespace writes to (needs root to enter one)',
    async () => {
      const path = temporaryDirectory();
      await holder(join(path, LOCK), IN_CONTAINER);
      expect((await failureOf(() => openOutput(path))).code).toBe('OUTPUT_BUSY');
    },
  );

  test('lets only one of many take a lock that a dead process left', async () => {
    const path = plant(temporaryDirectory(), { [LOCK]: '4711' });
    for (let round = 0; round < 3; round += 1) {
      const all = await Promise.allSettled(Array.from({ length: 6 }, () => openOutput(path)));
      const taken = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(taken).toHaveLength(1);
      for (const output of taken) await output.close();
    }
  });

  test('refuses a second writer of the same process until the first has closed', async () => {
    const path = temporaryDirectory();
    const first = await openOutput(path);
    expect((await failureOf(() => openOutput(path))).kind).toBe('usage');
    await first.close();
    await (await openOutput(path)).close();
  });

  test('removes only unfinished files of killed processes', async () => {
    const kept = ['whole.iso', '.hidden', 'partial-1-1-x'];
    const path = plant(temporaryDirectory(), {
      ...Object.fromEntries(kept.map((name) => [name, 'x'])),
      '.partial-33-44-x.iso': 'x',
      '.partial-33-44-layout/blobs/x': 'x',
    });
    const output = await openOutput(path);
    await output.close();
    expect(readdirSync(path).sort()).toEqual([...kept].sort());
  });

  test('refuses a path where no directory can be created', async () => {
    const home = plant(temporaryDirectory(), { file: 'x' });
    for (const path of [join(home, 'file'), join(home, 'file/below')]) {
      const error = await failureOf(() => openOutput(path));
      expect([error.kind, error.message]).toEqual(['usage', expect.stringContaining(path)]);
    }
  });
});
