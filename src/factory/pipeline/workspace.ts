import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { isAlive, runIdentity } from '../../common/files/process-identity.ts';
import type { Owner } from '../inputs/base/blob-cache.ts';

/** The directories that a run works in. */
export interface Workspace {
  /** Where results of steps are kept. */
  readonly cache: string;
  /** The engine's image store. */
  readonly store: string;
  /** Content of registries, by digest. */
  readonly registry: string;
  /** Temporary files of this run; on the same filesystem as the cache. */
  readonly work: string;
  /** Whether a run that was killed has been cleared away: it may have left working containers too. */
  readonly recovered: boolean;
  /** File that receives the full log of this run. */
  readonly log: string;
  /** Whether no other run uses the same cache right now. */
  readonly alone: () => Promise<boolean>;
  /** What tells this run's files from those of others, and whether another run still goes on. */
  readonly owner: Owner;
  /** Removes what this run leaves. */
  readonly close: () => Promise<void>;
}

const KEPT_LOGS = 20;

/** The cache directory: `$KAIROS_FACTORY_CACHE`, else `kairos-factory` in the XDG cache directory. */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  return (
    env['KAIROS_FACTORY_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kairos-factory')
  );
}

/**
 * Opens a workspace below `root`, clearing away what runs that were killed have left there.
 * Everything in it is for its owner only: contexts and configurations may hold secrets.
 */
export async function openWorkspace(root: string): Promise<Workspace> {
  const [works, logs] = [join(root, 'work'), join(root, 'logs')];
  for (const directory of [root, works, logs]) await mkdir(directory, { recursive: true, mode: 0o700 });
  const recovered = (await removeDead(works, '')) > 0;
  const me = runIdentity(process.pid);
  const work = join(works, me);
  await mkdir(work, { mode: 0o700 });
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const old = (await readdir(logs)).sort().slice(0, -KEPT_LOGS);
  for (const name of old) await rm(join(logs, name), { force: true });
  return {
    cache: join(root, 'steps'),
    store: join(root, 'store'),
    registry: join(root, 'registry'),
    owner: { identity: me, isAlive },
    work,
    recovered,
    log: join(logs, `${stamp}-${process.pid}.log`),
    alone: async () => (await readdir(works)).every((name) => name === me || !isAlive(name)),
    close: () => rm(work, { recursive: true, force: true }),
  };
}

/** Prefix of unfinished files in an output directory. */
const PARTIAL = '.partial-';

/** An output directory that this run alone writes to. */
export interface OutputDirectory {
  readonly path: string;
  /** The path for the unfinished form of `name`, to be renamed when it is whole. */
  readonly partial: (name: string) => string;
  readonly close: () => Promise<void>;
}

/**
 * Creates the directory where missing, locks it, and clears away unfinished files of killed runs.
 * @throws FactoryError `usage` when another run writes to it, or it cannot be written
 */
export async function openOutput(path: string): Promise<OutputDirectory> {
  await mkdir(path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new FactoryError(
      'OUTPUT_UNWRITABLE',
      `cannot make the output directory ${path}: ${error.message}`,
      {
        remedy: 'Choose another one with --output.',
      },
    );
  });
  const me = runIdentity(process.pid);
  const lock = join(path, '.kairos-factory.lock');
  await takeLock(lock, join(path, `${PARTIAL}${me}-lock`), me);
  await removeDead(path, PARTIAL);
  const close = async () => {
    for (const name of await readdir(path)) {
      if (name.startsWith(`${PARTIAL}${me}-`)) await rm(join(path, name), { recursive: true, force: true });
    }
    await rm(lock, { force: true });
  };
  return { path, partial: (name) => join(path, `${PARTIAL}${me}-${name}`), close };
}

/** Takes the lock file for `me`: linked into place, so that it never is there without its holder's name. */
async function takeLock(lock: string, own: string, me: string): Promise<void> {
  const place = dirname(lock);
  await writeFile(own, me).catch((error: NodeJS.ErrnoException) => {
    throw new FactoryError('OUTPUT_UNWRITABLE', `cannot write to ${place}: ${error.message}`, {
      remedy: 'Choose another --output.',
    });
  });
  try {
    for (let attempt = 0; ; attempt += 1) {
      const taken = await link(own, lock).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false;
          throw error;
        },
      );
      if (taken) return;
      const holder = await readFile(lock, 'utf8').catch(() => '');
      if (attempt > 0 || isAlive(holder)) {
        throw new FactoryError(
          'OUTPUT_BUSY',
          `another build (process ${holder.split('-')[0]}) writes to ${place}`,
          {
            remedy: 'Wait for it to end, or give another directory with --output.',
          },
        );
      }
      await rm(lock, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** Removes what belongs to dead processes. @returns how many entries that were */
async function removeDead(directory: string, prefix: string): Promise<number> {
  let removed = 0;
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix)) continue;
    const identity = name.slice(prefix.length).split('-').slice(0, 2).join('-');
    if (isAlive(identity)) continue;
    await rm(join(directory, name), { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}
