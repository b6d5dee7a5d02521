import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { isRemote } from '../../config/place.ts';
import type { TargetsReport } from '../../pipeline/build-report.ts';
import { toolVersion } from '../../pipeline/project-files.ts';
import type { Session } from '../../pipeline/session.ts';
import type { NamedBuild } from '../../pipeline/target.ts';
import { openOutput } from '../../pipeline/workspace.ts';
import { type CollectedTarget, collectTarget } from './collect-target.ts';
import { type FinishOutcome, finishRelease } from './finish-release.ts';
import { readFolderState, requireOwnFolder } from './folder-state.ts';
import type { ReleasePorts } from './ports.ts';
import type { PreviousRelease } from './previous.ts';
import { openPrevious, type PreviousAccess } from './read-previous.ts';
import { releaseContents } from './release-contents.ts';
import type { Release } from './schema.ts';
import { requireOneRelease } from './target-names.ts';

/** What a release is to be, checked as far as it can be before anything is built. */
export interface PlannedRelease {
  /** All targets of the configuration. */
  readonly builds: readonly NamedBuild[];
  /** The folder: an absolute path. */
  readonly folder: string;
  readonly previous: PreviousRelease | undefined;
}

/** What a run that was to make a release tells. */
export interface ReleaseReport {
  readonly folder: string;
  readonly outcome: FinishOutcome | 'nothing';
  /** Names of the targets that the release lacks. */
  readonly missing: readonly string[];
  /** What it holds; absent as long as it is not finished. */
  readonly release?: Release;
}

/**
 * Checks a release before anything is built, and reads the one to compare with.
 * @param access the way to that one; absent when nothing is going to be made
 * @throws FactoryError `usage` for targets that cannot be one release and for a folder that is not ours; as documented at
 *   `openPrevious`
 */
export async function planRelease(
  builds: readonly NamedBuild[],
  access?: PreviousAccess,
): Promise<PlannedRelease> {
  requireOneRelease(builds);
  const folder = resolve(same(builds, 'releaseOutput', 'release-output') ?? 'release');
  const outputs = builds.map(({ spec }) => spec.output);
  const clash = outputs.find((output) => output === folder || output.startsWith(`${folder}/`));
  if (clash !== undefined) {
    throw new FactoryError(
      'OPTION_CONFLICT',
      `the release cannot be in ${folder}, where a build writes: ${clash}`,
      {
        remedy: 'Name another folder with --output, or with the key release-output.',
      },
    );
  }
  requireOwnFolder(folder, await readFolderState(folder));
  const place = same(builds, 'releasePrevious', 'release-previous');
  if (place !== undefined && !isRemote(place) && (await isSameDirectory(place, folder))) {
    throw new FactoryError('OPTION_CONFLICT', `${folder} cannot be compared with itself`, {
      remedy: 'Give the release before this one with --previous, or write this one to another folder.',
    });
  }
  const isAsked = place !== undefined && access !== undefined;
  const previous = isAsked ? await openPrevious(place, access) : undefined;
  return { builds, folder, previous };
}

/**
 * Collects what was built in the folder of the release. A release lacks targets that failed, and those that were not
 * asked for: then it stays unfinished.
 * @throws FactoryError as documented at `collectTarget`, `releaseContents` and `finishRelease`
 */
export async function makeRelease(
  { builds, folder, previous }: PlannedRelease,
  report: TargetsReport,
  ports: ReleasePorts,
  { runner, signal, workspace }: Pick<Session, 'runner' | 'signal' | 'workspace'>,
  say: (text: string) => void,
): Promise<ReleaseReport> {
  const targets: CollectedTarget[] = [];
  const context = { runner, signal, work: workspace.work, say };
  for (const build of builds) {
    const target = report.targets.find(({ name }) => name === build.name);
    if (target?.status !== 'done') continue;
    signal.throwIfAborted();
    const pushed = await ports.pushImage?.(build, target, context);
    targets.push(await collectTarget({ ...target, name: build.name, pushed }, ports.sign !== undefined));
  }
  const done = new Set(targets.map(({ target }) => target.name));
  const missing = builds.map(({ name }) => name).filter((name) => !done.has(name));
  if (targets.length === 0) return { folder, outcome: 'nothing', missing };
  const isSigned = ports.sign !== undefined;
  const contents = releaseContents({ targets, previous, tool: toolVersion(), isSigned });
  const output = await openOutput(folder);
  try {
    const outcome = await finishRelease(output, contents, { ...context, ports, missing });
    const isFinished = outcome === 'finished' || outcome === 'unchanged';
    return { folder, outcome, missing, ...(isFinished ? { release: contents.release } : {}) };
  } finally {
    await output.close();
  }
}

/** A value that all targets have to share, because the release has it. @throws FactoryError `usage` */
function same(
  builds: readonly NamedBuild[],
  property: 'releaseOutput' | 'releasePrevious',
  key: string,
): string | undefined {
  const values = new Set(builds.map(({ spec }) => spec[property]));
  if (values.size <= 1) return [...values][0];
  throw new FactoryError('TARGET_CONFLICT', `targets of one release have several values of ${key}`, {
    details: [...values].map((value) => value ?? 'none'),
    remedy: 'Write it once, outside of matrix and targets.',
  });
}

async function isSameDirectory(one: string, other: string): Promise<boolean> {
  if (resolve(one) === resolve(other)) return true;
  const stats = await Promise.all([one, other].map((path) => lstat(path).catch(() => undefined)));
  const [a, b] = stats;
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
