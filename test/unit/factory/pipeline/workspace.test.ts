import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cacheDirectory, openOutput, openWorkspace } from '../../../../src/factory/pipeline/workspace.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const LOCK = '.kairos-factory.lock';

/** The identity of a process, `pid-starttime` (proc_pid_stat(5)). */
function identity(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return `${pid}-${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
}

/** Another live process and its identity. */
async function otherProcess(): Promise<{ name: string; kill: () => Promise<void> }> {
  const child: ChildProcess = spawn('sleep', ['1000'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  onTestFinished(kill);
  return { name: identity(child.pid ?? 0), kill };
}

/** The identity of a dead process. */
async function deadRun(): Promise<string> {
  const { name, kill } = await otherProcess();
  await kill();
  return name;
}

/** The identity of an earlier process with our process id. */
const REUSED = `${process.pid}-1`;

describe('cacheDirectory', () => {
  test.each([
    [{ KAIROS_FACTORY_CACHE: '/c', XDG_CACHE_HOME: '/x' }, '/c'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/kairos-factory'],
  ])('of %j is %s', (env, path) => {
    expect(cacheDirectory(env)).toBe(path);
  });

  test('defaults to the home directory', () => {
    expect(cacheDirectory({})).toMatch(/^\/.*\/\.cache\/kairos-factory$/);
  });
});

describe('openWorkspace', () => {
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
    const live = await otherProcess();
    for (const name of [await deadRun(), REUSED, live.name, 'rubbish'])
      plant(root, { [`work/${name}/d/file`]: 'x' });
    const workspace = await openWorkspace(root);
    expect(readdirSync(join(root, 'work')).sort()).toEqual([live.name, identity(process.pid)].sort());
    await workspace.close();
  });

  test('detects other processes', async () => {
    const root = temporaryDirectory();
    const workspace = await openWorkspace(root);
    expect(await workspace.alone()).toBe(true);
    const other = await otherProcess();
    mkdirSync(join(root, 'work', other.name));
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
    expect(readFileSync(join(path, LOCK), 'utf8')).toBe(identity(process.pid));
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

  test('refuses a directory that a live process writes to, and keeps its lock', async () => {
    const { name } = await otherProcess();
    const path = plant(temporaryDirectory(), { [LOCK]: name, [`.partial-${name}-x.iso`]: 'x' });
    const error = await failureOf(() => openOutput(path));
    expect([error.kind, error.message]).toEqual([
      'usage',
      expect.stringContaining(`process ${name.split('-')[0]}`),
    ]);
    expect(error.remedy).toContain('--output');
    expect(readdirSync(path).sort()).toEqual([LOCK, `.partial-${name}-x.iso`].sort());
  });

  test('refuses a second writer of the same process until the first has closed', async () => {
    const path = temporaryDirectory();
    const first = await openOutput(path);
    expect((await failureOf(() => openOutput(path))).kind).toBe('usage');
    await first.close();
    await (await openOutput(path)).close();
  });

  test.each([
    ['a dead process', deadRun],
    ['an earlier process with our process id', async () => REUSED],
    ['no process', async () => ''],
  ])('takes over the lock of %s', async (_, holder) => {
    const path = plant(temporaryDirectory(), { [LOCK]: await holder() });
    const output = await openOutput(path);
    expect(readFileSync(join(path, LOCK), 'utf8')).toBe(identity(process.pid));
    await output.close();
  });

  test('removes only unfinished files of killed processes', async () => {
    const dead = await deadRun();
    const live = await otherProcess();
    const kept = ['whole.iso', `.partial-${live.name}-x.iso`, '.hidden', 'partial-1-1-x'];
    const path = plant(temporaryDirectory(), {
      ...Object.fromEntries(kept.map((name) => [name, 'x'])),
      [`.partial-${dead}-x.iso`]: 'x',
      [`.partial-${dead}-layout/blobs/x`]: 'x',
      [`.partial-${REUSED}-y.raw`]: 'x',
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
