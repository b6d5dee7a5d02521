import { isDeepStrictEqual } from 'node:util';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { ArtifactsSpec } from '../../config/schema.ts';
import { type PushEvents, type PushJob, push } from './push.ts';
import type { PushResult } from './push-images.ts';
import { type PushTarget, parsePushTarget, repositoryName } from './push-target.ts';

/** A build that may be pushed when it has ended well. */
export interface PublishedBuild {
  /** Of a target; absent for a single build. */
  readonly name?: string | undefined;
  readonly spec: Pick<ArtifactsSpec, 'push' | 'registries' | 'output'> &
    Partial<Pick<ArtifactsSpec, 'sign'>> & { readonly arch?: string };
}

/** Builds that are pushed together: one, or those of several architectures that share their name and become an index. */
export interface PushGroup {
  readonly target: PushTarget;
  readonly builds: readonly PublishedBuild[];
}

/** What was pushed of which targets; of a single build there are none. */
export interface PublishedGroup extends PushResult {
  readonly targets: readonly string[];
}

/**
 * Sorts builds by what they are pushed as. Builds that name the same tag are the architectures of one index; builds that
 * name none are pushed one by one, by what their images call themselves.
 * @throws FactoryError `usage` when builds of one architecture would take a tag from each other, when those of an index are
 *   signed differently, or when there is no network
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
        remedy: 'Leave out the push, or --offline; "kairos-factory push" pushes what was built later.',
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

/** An index has one signature, like each of its images. */
function requireOneSigner(target: PushTarget, builds: readonly PublishedBuild[]): void {
  const [first, ...others] = builds;
  const other = others.find(({ spec }) => !isDeepStrictEqual(spec.sign, first?.spec.sign));
  if (other === undefined) return;
  throw new FactoryError(
    'TARGET_CONFLICT',
    `${first?.name ?? 'one build'} and ${other.name ?? 'another'} become one index, ${repositoryName(target)}:${target.tags[0]}, and are signed differently`,
    { remedy: 'Write the key sign once, outside of matrix and targets.' },
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
    remedy: 'Give each a tag of its own, or none: then each is named by what it is.',
  });
}

/**
 * Pushes builds that have ended well. A group that lacks one of its builds is passed over: an index without an architecture
 * that it should have is half an image.
 * @param isDone whether a build has ended well
 * @throws FactoryError as documented at `push`
 */
export async function publishBuilds(
  groups: readonly PushGroup[],
  isDone: (build: PublishedBuild) => boolean,
  events: PushEvents,
): Promise<PublishedGroup[]> {
  const whole: PushGroup[] = [];
  for (const group of groups) {
    if (group.builds.every(isDone)) whole.push(group);
    else {
      const missing = group.builds.filter((build) => !isDone(build)).map(({ name }) => name ?? 'the build');
      const text = `nothing is pushed to ${repositoryName(group.target)}: ${missing.join(', ')} did not end well`;
      events.emit({ type: 'notice', text });
    }
  }
  if (whole.length === 0) return [];
  const results = await push(whole.map(jobOf), events).catch((error: unknown) => {
    const directories = whole.flatMap(({ builds }) => builds.map(({ spec }) => spec.output));
    const text = `what was built is whole: "kairos-factory push" can push it later, from ${directories.join(', ')}`;
    events.emit({ type: 'notice', text });
    throw error;
  });
  return results.map((result, at) => ({
    targets: (whole[at]?.builds ?? []).flatMap(({ name }) => name ?? []),
    ...result,
  }));
}

function jobOf({ target, builds }: PushGroup): PushJob {
  const [first] = builds;
  const artifacts = builds.map(({ spec }) => spec.push?.artifacts ?? []);
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
