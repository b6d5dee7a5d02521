import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { type HostTool, reinstall } from './host-tool.ts';

/** Locks files for shells: flock(1), also in BusyBox. */
export const FLOCK: HostTool = {
  name: 'flock',
  package: 'util-linux',
  purpose: 'locks the cache and the output directory',
};
const NOT_FOUND = 127;
/** The lock's file was removed while it was being locked. */
const REMOVED = 9;
/**
 * Holds the lock until its standard input ends, which the kernel sees to when this process dies. The comparison makes sure
 * that the locked file still has its name.
 */
const HOLD = `exec 8>>"$1" && { flock $2 8 || exit $?; } && { [ "$1" -ef /proc/self/fd/8 ] || exit ${REMOVED}; } && echo held && exec cat`;

/** A lock that this process holds; disposal releases it. */
export type KernelLock = AsyncDisposable;

/** How to take a lock. */
interface LockOptions {
  /** `wait` until it is free, or take it only if it is free `now`; `test` like the latter, beside other tests. */
  readonly how: 'wait' | 'now' | 'test';
}

/**
 * Takes the lock of a file (flock(2)), and creates the file if necessary. The kernel releases the lock when this process ends
 * in any way, and all processes of the machine see it, in containers too: process ids mean nothing across their namespaces.
 * @returns `undefined` when another process, or this one, holds it
 * @throws the error of the filesystem when the file cannot be opened; FactoryError `tool` without flock(1)
 */
export async function takeLock(file: string, { how }: LockOptions): Promise<KernelLock | undefined> {
  const flags = { wait: '-x', now: '-xn', test: '-sn' }[how];
  for (;;) {
    await (await open(file, 'a')).close();
    const child = spawn('sh', ['-c', HOLD, 'sh', file, flags], {
      stdio: ['pipe', 'pipe', 'ignore'],
      // A signal of the terminal must not end it before this process has cleaned up.
      detached: true,
    });
    const status = await heldOr(child);
    if (status === 'held') return { [Symbol.asyncDispose]: () => release(child) };
    if (status === NOT_FOUND) {
      throw new FactoryError('TOOL_MISSING', `${FLOCK.name} is not installed`, { remedy: reinstall(FLOCK) });
    }
    if (status !== REMOVED) return undefined;
  }
}

/** Waits until the child holds the lock, or has ended. */
async function heldOr(child: ChildProcess): Promise<'held' | number> {
  const ended = once(child, 'exit').then(([status]) => Number(status ?? 1));
  const held = child.stdout === null ? ended : once(child.stdout, 'data').then(() => 'held' as const);
  const result = await Promise.race([held, ended]);
  held.catch(() => undefined);
  // The lock must not keep the program running.
  for (const handle of [child, child.stdin, child.stdout]) {
    if (handle !== null && 'unref' in handle && typeof handle.unref === 'function') handle.unref();
  }
  return result;
}

async function release(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
}
