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

/** A release that passed all checks that are possible before the build. */
export interface PlannedRelease {
  /** All targets of the configuration. */
  readonly builds: readonly NamedBuild[];
  /** Absolute path of the release folder. */
  readonly folder: string;
  readonly previous: PreviousRelease | undefined;
}

/** The result of {@link makeRelease}. */
export interface ReleaseReport {
  readonly folder: string;
  readonly outcome: FinishOutcome | 'nothing';
  /** Names of the targets that are not in the release. */
  readonly missing: readonly string[];
  /** The contents of `release.json`; absent while the release is unfinished. */
  readonly release?: Release;
}

/** What {@link makeRelease} works with. */
export interface MakeReleaseOptions {
  /** The report of the build. */
  readonly report: TargetsReport;
  readonly ports: ReleasePorts;
  readonly session: Pick<Session, 'runner' | 'signal' | 'workspace'>;
  /** Shows the current activity. */
  readonly say: (text: string) => void;
}

/**
 * Checks a release before the build, and reads the previous release.
 * @param access access to the previous release; absent for a run that makes no release
 * @throws FactoryError `usage` for targets that cannot form one release, and for a folder with other files; else as
 *   documented at `openPrevious`
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
        remedy: 'Name another folder with --output or the key release-output.',
      },
    );
  }
  requireOwnFolder(folder, await readFolderState(folder));
  const place = same(builds, 'releasePrevious', 'release-previous');
  if (place !== undefined && !isRemote(place) && (await isSameDirectory(place, folder))) {
    throw new FactoryError('OPTION_CONFLICT', `${folder} cannot be compared with itself`, {
      remedy: 'Name an earlier release with --previous, or another folder with --output.',
    });
  }
  const isAsked = place !== undefined && access !== undefined;
  const previous = isAsked ? await openPrevious(place, access) : undefined;
  return { builds, folder, previous };
}

/**
 * Collects the built targets in the release folder. Without all its targets, because some failed or were not selected,
 * a release stays unfinished.
 * @throws FactoryError as documented at `collectTarget`, `releaseContents` and `finishRelease`
 */
export async function makeRelease(
  { builds, folder, previous }: PlannedRelease,
  { report, ports, session, say }: MakeReleaseOptions,
): Promise<ReleaseReport> {
  const { runner, signal, workspace } = session;
  const targets: CollectedTarget[] = [];
  const context = { runner, signal, work: workspace.work, say };
  const isSigned = ports.sign !== undefined;
  for (const build of builds) {
    const target = report.targets.find(({ name }) => name === build.name);
    if (target?.status !== 'done') continue;
    signal.throwIfAborted();
    const pushed = await ports.pushImage?.(build, target, context);
    targets.push(
      await collectTarget(
        { ...target, name: build.name, pushed, artifacts: build.spec.artifacts },
        { isSigned },
      ),
    );
  }
  const done = new Set(targets.map(({ target }) => target.name));
  const missing = builds.map(({ name }) => name).filter((name) => !done.has(name));
  if (targets.length === 0) return { folder, outcome: 'nothing', missing };
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

/** A value of the release, which all targets must share. @throws FactoryError `usage` when they differ */
function same(
  builds: readonly NamedBuild[],
  property: 'releaseOutput' | 'releasePrevious',
  key: string,
): string | undefined {
  const values = new Set(builds.map(({ spec }) => spec[property]));
  if (values.size <= 1) return [...values][0];
  throw new FactoryError('TARGET_CONFLICT', `the targets of a release must have the same ${key}`, {
    details: [...values].map((value) => value ?? 'none'),
    remedy: `Set ${key} once, outside matrix and targets.`,
  });
}

async function isSameDirectory(one: string, other: string): Promise<boolean> {
  if (resolve(one) === resolve(other)) return true;
  const stats = await Promise.all([one, other].map((path) => lstat(path).catch(() => undefined)));
  const [a, b] = stats;
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
