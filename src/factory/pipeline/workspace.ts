import { randomInt } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { isSystemError } from '../../common/errors/system-error.ts';
import { unwritable } from '../../common/errors/unwritable.ts';
import { makeDirectory } from '../../common/files/sync-path.ts';
import type { Owner } from '../inputs/base/blob-cache.ts';
import { type KernelLock, takeLock } from '../tools/kernel-lock.ts';
import { claimRun } from './run-claim.ts';

/** The directories that all runs share. */
export interface CachePlaces {
  /** The cache directory. */
  readonly root: string;
  /** Cache of step results. */
  readonly cache: string;
  /** The engine's image store. */
  readonly store: string;
  /** Cache of registry content, by digest. */
  readonly registry: string;
  /** How long steps took, and what they wrote. */
  readonly history: string;
  /** Logs of the last runs. */
  readonly logs: string;
  /** Unpacked versions of the one-file executable (docs/decisions/0016-one-file.md). */
  readonly programs: string;
  /** Temporary files of running processes, on the same file system as the cache. */
  readonly works: string;
}

/** The directories of a running process. */
export interface Workspace extends CachePlaces {
  /** Temporary files of this process, on the same file system as the cache. */
  readonly work: string;
  /** Whether files of a killed process were removed: it may have left working containers too. */
  readonly recovered: boolean;
  /** The full log of this process. */
  readonly log: string;
  /** Whether no other process currently uses the same cache. */
  readonly alone: () => Promise<boolean>;
  /** Identifies the files of this run, and tests whether another run is alive. */
  readonly owner: Owner;
  /** Removes the temporary files of this process. */
  readonly close: () => Promise<void>;
}

const KEPT_LOGS = 20;

/** The directories below a cache directory. */
export function cachePlaces(root: string): CachePlaces {
  return {
    root,
    cache: join(root, 'steps'),
    store: join(root, 'store'),
    registry: join(root, 'registry'),
    history: join(root, 'history'),
    logs: join(root, 'logs'),
    programs: join(root, 'program'),
    works: join(root, 'work'),
  };
}

/** The directory of the cache with a record of each machine that `boot` has started. */
export const MACHINES = 'machines';

/**
 * The cache directory: `$KAIROS_FACTORY_CACHE`, else `kairos-factory` in the XDG cache directory. An empty variable counts as
 * unset, and so does a relative `$XDG_CACHE_HOME` (XDG Base Directory Specification).
 * @returns an absolute path
 */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const own = env['KAIROS_FACTORY_CACHE'];
  if (own) return resolve(own);
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'kairos-factory');
}

/**
 * Explains why the cache below `root` cannot be used.
 * @throws FactoryError `usage`, or `step` when its filesystem is full; other errors unchanged
 */
export function refuseCache(root: string): (error: unknown) => never {
  return (error) => {
    if (!isSystemError(error)) throw error;
    const remedy = 'Set KAIROS_FACTORY_CACHE to a directory that you can write to.';
    throw unwritable(error, `cannot use the cache directory ${root}`, { code: 'CACHE_UNUSABLE', remedy });
  };
}

/**
 * Refuses a cache that this user cannot read, which would look like an empty one. One that does not exist is empty.
 * @throws FactoryError as {@link refuseCache} does
 */
export async function requireReadableCache(root: string): Promise<void> {
  await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') refuseCache(root)(error);
  });
}

/**
 * Opens a workspace below `root` and removes the files of dead runs. If a power cut ended one of them, the engine's images
 * are removed too: the engine does not sync its layers, and uses a damaged one again because its name is right.
 * Only the owner can read the workspace, because contexts and configurations can contain secrets.
 * @throws FactoryError as {@link refuseCache} does
 */
export function openWorkspace(root: string): Promise<Workspace> {
  return openUsable(root).catch(refuseCache(root));
}

async function openUsable(root: string): Promise<Workspace> {
  const places = cachePlaces(root);
  const { works, logs, store } = places;
  for (const directory of [root, works, logs]) await makeDirectory(directory, 0o700);
  const { identity, isAlive, recovered, path, close } = await claimRun(works, {
    onPowerCut: () => rm(store, { recursive: true, force: true }),
  });
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const old = (await readdir(logs)).sort().slice(0, -KEPT_LOGS);
  for (const name of old) await rm(join(logs, name), { force: true });
  return {
    ...places,
    owner: { identity, isAlive },
    work: path,
    recovered,
    log: join(logs, `${stamp}-${process.pid}.log`),
    alone: async () => {
      const runs = (await readdir(works)).filter((name) => !name.startsWith('.') && name !== identity);
      return (await Promise.all(runs.map(isAlive))).every((alive) => !alive);
    },
    close,
  };
}

/** Prefix of unfinished files in an output directory. */
const PARTIAL = '.partial-';
const LOCK = '.kairos-factory.lock';
const ATTEMPTS = 4;
const PAUSE = 100;

/** An output directory, locked by this process. */
export interface OutputDirectory {
  readonly path: string;
  /** Returns the temporary path of `name`, to be renamed when the file is complete. */
  readonly partial: (name: string) => string;
  readonly close: () => Promise<void>;
}

/**
 * Creates an output directory if necessary, locks it and removes unfinished files of killed processes.
 * The kernel holds the lock, so that containers that share the directory respect each other.
 * @throws FactoryError `usage` when another process writes to the directory, or it is not writable, `step` when the disk is full
 */
export async function openOutput(path: string): Promise<OutputDirectory> {
  await makeDirectory(path).catch((error: NodeJS.ErrnoException) => {
    const remedy = 'Choose another directory with --output.';
    throw unwritable(error, `cannot create the output directory ${path}`, { remedy });
  });
  const me = `${PARTIAL}${process.pid}-${randomInt(2 ** 47)}-`;
  const file = join(path, LOCK);
  const lock = await takeOutputLock(file);
  await writeFile(file, String(process.pid));
  const removePartials = async () => {
    for (const name of await readdir(path)) {
      if (name.startsWith(PARTIAL)) await rm(join(path, name), { recursive: true, force: true });
    }
  };
  // Whoever holds the lock is the only writer.
  await removePartials();
  const close = async () => {
    await removePartials();
    // Before the release: whoever waits for this file finds out that it has gone, and makes another.
    await rm(file, { force: true });
    await lock[Symbol.asyncDispose]();
  };
  return { path, partial: (name) => join(path, `${me}${name}`), close };
}

async function takeOutputLock(file: string): Promise<KernelLock> {
  const place = dirname(file);
  for (let attempt = 1; ; attempt += 1) {
    const lock = await takeLock(file, { how: 'now' }).catch((error: NodeJS.ErrnoException) => {
      if (error instanceof FactoryError) throw error;
      throw unwritable(error, `cannot write to ${place}`, { remedy: 'Choose another --output.' });
    });
    if (lock !== undefined) return lock;
    if (attempt === ATTEMPTS) {
      const holder = await readFile(file, 'utf8').catch(() => '');
      const which = holder === '' ? '' : ` (process ${holder})`;
      throw new FactoryError('OUTPUT_BUSY', `another build${which} writes to ${place}`, {
        remedy: 'Wait for that build, or give another directory with --output.',
      });
    }
    // The kernel takes a moment to release the lock of a killed process.
    await sleep(PAUSE);
  }
}
