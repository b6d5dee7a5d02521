import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { formatSize } from '../../common/text/size-text.ts';
import type { Check } from './check.ts';

/** Room that a build takes in a directory, which may not exist yet. */
export interface RoomNeed {
  readonly path: string;
  /** What is written there, for people. */
  readonly purpose: string;
  /** The expected bytes. */
  readonly likely: number;
  /** Bytes without which the build cannot end. */
  readonly least: number;
  /** How to use another filesystem. */
  readonly elsewhere: string;
  /** Why nothing can be written there. */
  readonly obstacle?: string;
}

/** A filesystem, with what a build takes of it. */
export interface Filesystem {
  readonly free: number;
  readonly needs: readonly RoomNeed[];
}

/** Finds the filesystems of some directories, and their free bytes for this user. */
export async function filesystemsOf(needs: readonly RoomNeed[]): Promise<Filesystem[]> {
  const found = new Map<number, { free: number; needs: RoomNeed[] }>();
  for (const asked of needs) {
    const path = resolve(asked.path);
    const { device, free } = await filesystemAt(path);
    const obstacle = await obstacleAt(path);
    const need = obstacle === undefined ? asked : { ...asked, obstacle };
    const known = found.get(device);
    if (known === undefined) found.set(device, { free, needs: [need] });
    else known.needs.push(need);
  }
  return [...found.values()];
}

/** The filesystem of a path, or of its nearest directory that exists. */
async function filesystemAt(path: string): Promise<{ device: number; free: number }> {
  const stats = await stat(path).catch(() => undefined);
  const parent = dirname(path);
  if (stats === undefined && parent !== path) return filesystemAt(parent);
  const { bavail, bsize } = await statfs(path);
  return { device: stats?.dev ?? 0, free: bavail * bsize };
}

/** Why a directory cannot be created or written to; `undefined` when it can. */
async function obstacleAt(path: string): Promise<string | undefined> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (stats instanceof Error) {
    const parent = dirname(path);
    return parent === path ? undefined : obstacleAt(parent);
  }
  if (!stats.isDirectory()) return `${path} is not a directory`;
  return access(path, constants.W_OK).then(
    () => undefined,
    () => `you may not write to ${path}`,
  );
}

const total = (needs: readonly RoomNeed[], of: 'likely' | 'least') =>
  needs.reduce((sum, need) => sum + need[of], 0);

/** Describes the room of each directory. Needs on one filesystem are added. */
export function checkRoom(filesystems: readonly Filesystem[]): Check[] {
  return filesystems.flatMap(({ free, needs }) => {
    const [likely, least] = [total(needs, 'likely'), total(needs, 'least')];
    const state = free < least ? 'fault' : free < likely ? 'warning' : 'ok';
    return needs.map((need) => {
      const short = state !== 'ok' && need.likely > 0 ? shortage({ free, needs }) : undefined;
      const problem = need.obstacle ?? short;
      return {
        area: 'room' as const,
        name: need.path,
        state: need.obstacle !== undefined ? 'fault' : short === undefined ? 'ok' : state,
        found: `${formatSize(free)} free`,
        purpose: need.likely === 0 ? need.purpose : `${need.purpose}, about ${formatSize(need.likely)}`,
        ...(problem === undefined ? {} : { problem, remedy: need.elsewhere }),
      };
    });
  });
}

/**
 * Refuses a build that will not find room for what it writes.
 * @throws FactoryError `step` with the directories, what is free, and what each of them can be replaced with
 */
export function requireRoom(filesystems: readonly Filesystem[]): void {
  const full = filesystems.filter(({ free, needs }) => free < total(needs, 'least'));
  const [first] = full;
  if (first === undefined) return;
  throw new FactoryError('DISK_FULL', `too little room for this build: ${full.map(shortage).join('; ')}`, {
    details: full.flatMap(({ needs }) =>
      needs.flatMap(({ path, purpose, likely }) =>
        likely === 0 ? [] : [`${path}: ${purpose}, about ${formatSize(likely)}`],
      ),
    ),
    remedy: `Free some space, for example with "kairos-factory cache prune", or use another filesystem: ${[
      ...new Set(full.flatMap(({ needs }) => needs.map(({ elsewhere }) => elsewhere))),
    ].join(', ')}.`,
  });
}

function shortage({ free, needs }: Filesystem): string {
  const paths = needs.filter(({ likely }) => likely > 0).map(({ path }) => path);
  return `${formatSize(free)} free for about ${formatSize(total(needs, 'likely'))} in ${paths.join(' and ')}`;
}
