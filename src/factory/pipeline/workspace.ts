import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { isAlive, runIdentity } from '../../common/files/process-identity.ts';
import { makeDirectory } from '../../common/files/sync-path.ts';
import type { Owner } from '../inputs/base/blob-cache.ts';

/** The directories of a running process. */
export interface Workspace {
  /** Cache of step results. */
  readonly cache: string;
  /** The engine's image store. */
  readonly store: string;
  /** Cache of registry content, by digest. */
  readonly registry: string;
  /** Temporary files of this process, on the same file system as the cache. */
  readonly work: string;
  /** Whether files of a killed process were removed: it may have left working containers too. */
  readonly recovered: boolean;
  /** The full log of this process. */
  readonly log: string;
  /** Whether no other process currently uses the same cache. */
  readonly alone: () => Promise<boolean>;
  /** Identifies the files of this process, and tests whether another process is alive. */
  readonly owner: Owner;
  /** Removes the temporary files of this process. */
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
 * Opens a workspace below `root` and removes the files of killed processes.
 * Only the owner can read it, because contexts and configurations can contain secrets.
 */
export async function openWorkspace(root: string): Promise<Workspace> {
  const works = join(root, 'work');
  const logs = join(root, 'logs');
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

/** An output directory, locked by this process. */
export interface OutputDirectory {
  readonly path: string;
  /** Returns the temporary path of `name`, to be renamed when the file is complete. */
  readonly partial: (name: string) => string;
  readonly close: () => Promise<void>;
}

/**
 * Creates an output directory if necessary, locks it and removes unfinished files of killed processes.
 * @throws FactoryError `usage` when another process writes to the directory, or it is not writable
 */
export async function openOutput(path: string): Promise<OutputDirectory> {
  await makeDirectory(path).catch((error: NodeJS.ErrnoException) => {
    throw new FactoryError(
      'OUTPUT_UNWRITABLE',
      `cannot create the output directory ${path}: ${error.message}`,
      {
        remedy: 'Choose another directory with --output.',
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

/** Takes the lock file for `me`. A link creates it, so that it never exists without the name of its holder. */
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
            remedy: 'Wait for that build, or give another directory with --output.',
          },
        );
      }
      await rm(lock, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** Removes the files of dead processes. @returns the number of removed entries */
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
