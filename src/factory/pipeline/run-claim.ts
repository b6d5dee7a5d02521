import { randomInt } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeInPlace } from '../../common/files/output-file.ts';
import { makeDirectory } from '../../common/files/sync-path.ts';
import { takeLock } from '../tools/kernel-lock.ts';
import { filesystemInstance, isSameInstance } from './filesystem-instance.ts';

/** The place of one run in a directory that several runs share. */
export interface RunClaim {
  /** Identity of the run, `PID-NUMBER`, which never recurs. */
  readonly identity: string;
  /** The directory of the run. */
  readonly path: string;
  readonly isAlive: (identity: string) => Promise<boolean>;
  /** Whether files of dead runs were removed. */
  readonly recovered: boolean;
  /** Removes the directory. */
  readonly close: () => Promise<void>;
}

/** Options of {@link claimRun}. */
interface ClaimOptions {
  /** What the name of the directory starts with. */
  readonly prefix?: string;
  /** Called before the files of runs are removed that a power cut, or a lost filesystem, has ended. */
  readonly onPowerCut?: () => Promise<void>;
}

/** `PREFIX PID-NUMBER`; the process id is for people who look. */
const NAME = /^(?:\.[a-z]+-)?(\d+-\d+)$/;
const lockOf = (works: string, identity: string) => join(works, `.lock-${identity}`);
/** Records where a run has written, to tell a killed run from a power cut. */
const INSTANCE = 'filesystem';
const LARGEST = 2 ** 47;

/**
 * Gives this run a directory below `works`, and removes those of dead runs. A run is alive while it holds the lock beside its
 * directory.
 */
export async function claimRun(
  works: string,
  { prefix = '', onPowerCut }: ClaimOptions = {},
): Promise<RunClaim> {
  const identity = `${process.pid}-${randomInt(LARGEST)}`;
  const path = join(works, `${prefix}${identity}`);
  const isAlive = async (other: string) => other === identity || isLocked(works, other);
  await makeDirectory(works, 0o700);
  const instance = await filesystemInstance(works);
  // One run at a time looks for dead ones: none is seen between the creation of its lock and of its directory.
  await using _ = await takeLock(`${works}.lock`, { how: 'wait' });
  const dead = await deadRuns(works, isAlive);
  if (onPowerCut !== undefined && (await anyElsewhere(works, dead, instance))) await onPowerCut();
  for (const name of dead) await rm(join(works, name), { recursive: true, force: true });
  const lock = await takeLock(lockOf(works, identity), { how: 'now' });
  await makeDirectory(path, 0o700);
  await writeInPlace(join(path, INSTANCE), instance, { partial: join(path, `${INSTANCE}.partial`) });
  const close = async () => {
    await rm(path, { recursive: true, force: true });
    await rm(lockOf(works, identity), { force: true });
    await lock?.[Symbol.asyncDispose]();
  };
  return { identity, path, isAlive, recovered: dead.some((name) => !name.startsWith('.')), close };
}

async function isLocked(works: string, identity: string): Promise<boolean> {
  const file = lockOf(works, identity);
  if (!(await readdir(works)).includes(`.lock-${identity}`)) return false;
  const lock = await takeLock(file, { how: 'test' });
  await lock?.[Symbol.asyncDispose]();
  return lock === undefined;
}

/** The names of dead runs and of their locks. */
async function deadRuns(works: string, isAlive: RunClaim['isAlive']): Promise<string[]> {
  const dead: string[] = [];
  for (const name of await readdir(works)) {
    const identity = NAME.exec(name)?.[1];
    if (identity === undefined || !(await isAlive(identity))) dead.push(name);
  }
  return dead;
}

/** Whether a run wrote before the machine, or the filesystem, was started anew. */
async function anyElsewhere(works: string, names: readonly string[], instance: string): Promise<boolean> {
  for (const name of names) {
    const text = await readFile(join(works, name, INSTANCE), 'utf8').catch(() => undefined);
    if (text !== undefined && !isSameInstance(text, instance)) return true;
  }
  return false;
}
