import { randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf, reasonOf } from '../../common/errors/factory-error.ts';
import { unwritable } from '../../common/errors/unwritable.ts';
import { writeInPlace } from '../../common/files/output-file.ts';
import { takeLock } from '../tools/kernel-lock.ts';
import type { StateStore } from './run-rollout.ts';
import { RolloutState, withNode } from './state.ts';

const STATE = 'state.json';
const LOCK = 'lock';
const PAUSE = 'pause';
/** A process that has been killed loses the lock a moment later. */
const LOCK_TRIES = 10;
const LOCK_PAUSE = 100;

/** The directory with the state of a rollout: by default beside its file, with the ending `.state`. */
export function defaultStateDirectory(file: string): string {
  return `${file.replace(/\.ya?ml$/, '')}.state`;
}

/**
 * Reads the state of a rollout.
 * @returns `undefined` when there is none
 * @throws FactoryError `usage` when it cannot be read
 */
export async function readState(directory: string): Promise<RolloutState | undefined> {
  const file = join(directory, STATE);
  const damaged = (reason: string, cause: unknown) =>
    new FactoryError('CONFIG_INVALID', `${file}: the state of the rollout cannot be read: ${reason}`, {
      remedy: `Remove ${directory} and plan again; nodes that have the image are not upgraded again.`,
      cause,
    });
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw damaged(reasonOf(error), error);
  }
  try {
    return RolloutState.parse(JSON.parse(text));
  } catch (error) {
    throw damaged(error instanceof SyntaxError ? messageOf(error) : 'it has another format', error);
  }
}

/** Writes the state of a rollout, whole or not at all. @throws FactoryError `usage` when the directory is not writable */
export async function writeState(directory: string, state: RolloutState): Promise<void> {
  const partial = join(directory, `.partial-${process.pid}-${randomUUID()}`);
  try {
    await mkdir(directory, { recursive: true });
    await writeInPlace(join(directory, STATE), `${JSON.stringify(state, null, 2)}\n`, { partial });
  } catch (error) {
    await rm(partial, { force: true });
    throw unwritableState(error, directory);
  }
}

/** Whether a rollout is paused. */
export async function isPaused(directory: string): Promise<boolean> {
  return access(join(directory, PAUSE)).then(
    () => true,
    () => false,
  );
}

/** Pauses a rollout, or ends its pause; a process that runs it notices before the next node. */
export async function setPaused(directory: string, { paused }: { readonly paused: boolean }): Promise<void> {
  const file = join(directory, PAUSE);
  await (paused ? writeFile(file, '') : rm(file, { force: true }));
}

/** Whether a process runs the rollout. */
export async function isRunning(directory: string): Promise<boolean> {
  const file = join(directory, LOCK);
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (!exists) return false;
  const lock = await takeLock(file, { how: 'test' });
  await lock?.[Symbol.asyncDispose]();
  return lock === undefined;
}

/**
 * Makes this process the only one that runs the rollout, until the result is disposed of.
 * @throws FactoryError `usage` while another process runs it
 */
export async function lockRollout(directory: string): Promise<AsyncDisposable> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw unwritableState(error, directory);
  }
  for (let left = LOCK_TRIES; left > 0; left -= 1) {
    const lock = await takeLock(join(directory, LOCK), { how: 'now' });
    if (lock !== undefined) return lock;
    await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE));
  }
  throw new FactoryError('ROLLOUT_BUSY', `another process runs the rollout of ${directory}`, {
    remedy: 'Look at it with "rollout status"; "rollout pause" stops it after the nodes in work.',
  });
}

/** Keeps a state in its directory. Changes are stored one after the other. */
export function stateStore(directory: string, initial: RolloutState): StateStore {
  let state = initial;
  let stored = Promise.resolve();
  return {
    state: () => state,
    isPaused: () => isPaused(directory),
    update: (name, change) => {
      state = withNode(state, { name, change, now: new Date().toISOString() });
      const next = state;
      stored = stored.then(() => writeState(directory, next));
      return stored;
    },
  };
}

function unwritableState(error: unknown, directory: string): FactoryError {
  return unwritable(error, `cannot write the state of the rollout in ${directory}`, {
    remedy: 'Choose another directory with --state.',
  });
}
