import { isDeepStrictEqual } from 'node:util';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { FILE_KINDS } from '../../config/artifact-kinds.ts';
import type { FileKinds } from '../../config/push.ts';
import type { ArtifactsSpec } from '../../config/schema.ts';
import { type PushEvents, type PushJob, push } from './push.ts';
import type { PushResult } from './push-images.ts';
import { type PushTarget, parsePushTarget, repositoryName } from './push-target.ts';

/** A build that can be pushed once it has succeeded. */
export interface PublishedBuild {
  /** Name of the target; absent for a single build. */
  readonly name?: string | undefined;
  readonly spec: Pick<ArtifactsSpec, 'push' | 'registries' | 'output' | 'artifacts'> &
    Partial<Pick<ArtifactsSpec, 'sign'>> & { readonly arch?: string };
}

/** Builds that are pushed together: a single build, or builds for several architectures that become one index. */
export interface PushGroup {
  readonly target: PushTarget;
  readonly builds: readonly PublishedBuild[];
}

/** The result of a push, with the names of its targets; a single build has no target name. */
export interface PublishedGroup extends PushResult {
  readonly targets: readonly string[];
}

/**
 * Groups builds by their push target. Builds with the same tags form the index of several architectures. Builds without
 * tags are pushed one by one, under the names of their images.
 * @throws FactoryError `usage` when two builds of the same architecture, or two groups, claim the same tag, when the builds
 *   of an index have different signing settings, or with `offline`
 */
export function groupPushes(
  builds: readonly PublishedBuild[],
  { offline = false }: { readonly offline?: boolean } = {},
): PushGroup[] {
  const groups = new Map<string, { target: PushTarget; builds: PublishedBuild[] }>();
  for (const [at, build] of builds.entries()) {
    const { push: wanted } = build.spec;
    if (wanted === undefined) continue;
    const target = parsePushTarget(wanted.to, wanted.tags);
    if (offline) {
      throw new FactoryError('OPTION_CONFLICT', `--offline cannot push to ${repositoryName(target)}`, {
        remedy: 'Drop --push or --offline. "kairos-factory push" can push the finished build later.',
      });
    }
    const key = target.tags.length > 0 ? [repositoryName(target), ...target.tags].join(' ') : `alone ${at}`;
    const group = groups.get(key) ?? { target, builds: [] };
    group.builds.push(build);
    groups.set(key, group);
  }
  const all = [...groups.values()];
  for (const { target, builds: members } of all) {
    requireArches(target, members);
    requireOneSigner(target, members);
  }
  requireOwnTags(all);
  return all;
}

function requireArches(target: PushTarget, builds: readonly PublishedBuild[]): void {
  const seen = new Map<string | undefined, PublishedBuild>();
  for (const build of builds) {
    const other = seen.get(build.spec.arch);
    if (other) throw sameTag(`${repositoryName(target)}:${target.tags[0]}`, [other, build]);
    seen.set(build.spec.arch, build);
  }
}

/** An index and its images are signed together, with the same settings. */
function requireOneSigner(target: PushTarget, builds: readonly PublishedBuild[]): void {
  const [first, ...others] = builds;
  const other = others.find(({ spec }) => !isDeepStrictEqual(spec.sign, first?.spec.sign));
  if (other === undefined) return;
  throw new FactoryError(
    'TARGET_CONFLICT',
    `${first?.name ?? 'one build'} and ${other.name ?? 'another'} form the index ${repositoryName(target)}:${target.tags[0]}, but have different sign settings`,
    { remedy: 'Set the key sign once, outside matrix and targets.' },
  );
}

function requireOwnTags(groups: readonly PushGroup[]): void {
  const owners = new Map<string, PushGroup>();
  for (const group of groups) {
    for (const tag of group.target.tags) {
      const name = `${repositoryName(group.target)}:${tag}`;
      const other = owners.get(name);
      if (other) throw sameTag(name, [...other.builds.slice(0, 1), ...group.builds.slice(0, 1)]);
      owners.set(name, group);
    }
  }
}

function sameTag(tag: string, builds: readonly PublishedBuild[]): FactoryError {
  const names = builds.map(({ name }) => name ?? 'the build').join(' and ');
  return new FactoryError('PUSH_TAG_CONFLICT', `${names} would both be pushed as ${tag}`, {
    remedy: 'Give each its own tag, or none: without a tag, each image is pushed under its own name.',
  });
}

/**
 * Pushes the builds that succeeded. Skips a group with a failed build, because its index would be incomplete.
 * @param isDone whether a build has succeeded
 * @throws FactoryError as documented at `push`
 */
export async function publishBuilds(
  groups: readonly PushGroup[],
  isDone: (build: PublishedBuild) => boolean,
  events: PushEvents,
): Promise<PublishedGroup[]> {
  const complete: PushGroup[] = [];
  for (const group of groups) {
    if (group.builds.every(isDone)) complete.push(group);
    else {
      const missing = group.builds.filter((build) => !isDone(build)).map(({ name }) => name ?? 'the build');
      const text = `not pushed to ${repositoryName(group.target)}: ${missing.join(', ')} did not succeed`;
      events.emit({ type: 'notice', text });
    }
  }
  if (complete.length === 0) return [];
  const results = await push(complete.map(jobOf), events).catch((error: unknown) => {
    const directories = complete.flatMap(({ builds }) => builds.map(({ spec }) => spec.output));
    const text = `the build is complete: "kairos-factory push" can push it later from ${directories.join(', ')}`;
    events.emit({ type: 'notice', text });
    throw error;
  });
  return results.map((result, at) => ({
    targets: (complete[at]?.builds ?? []).flatMap(({ name }) => name ?? []),
    ...result,
  }));
}

/** The kinds to push: of those that were asked for, not of those that another one was made from. */
function chosenKinds({ push: wanted, artifacts }: PublishedBuild['spec']): FileKinds {
  const kinds = wanted?.artifacts ?? [];
  return kinds === 'all' ? FILE_KINDS.filter((kind) => artifacts.includes(kind)) : kinds;
}

function jobOf({ target, builds }: PushGroup): PushJob {
  const [first] = builds;
  const artifacts = builds.map(({ spec }) => chosenKinds(spec));
  return {
    target,
    sources: builds.map(({ spec }, at) => ({
      kind: 'folder',
      path: spec.output,
      artifacts: artifacts[at] ?? [],
    })),
    isIndex: builds.length > 1,
    registries: first?.spec.registries ?? [],
    sign: first?.spec.sign,
  };
}
