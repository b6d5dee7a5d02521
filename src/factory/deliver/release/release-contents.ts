import { createHash } from 'node:crypto';
import { utcTime } from '../../../common/text/utc-time.ts';
import { bundleName } from '../../signing/output-files.ts';
import { renderChangelog } from './changelog.ts';
import { renderChecksums } from './checksums.ts';
import type { CollectedTarget, SourceFile } from './collect-target.ts';
import { CHANGELOG_FILE, isListed, PAGE_FILE, RELEASE_FILE } from './file-names.ts';
import { packageChanges } from './package-changes.ts';
import { renderPage } from './page.ts';
import { type PreviousRelease, predecessor } from './previous.ts';
import type { Release, ReleaseFile, ReleaseTarget } from './schema.ts';
import { namedAlike } from './target-names.ts';

/** The complete contents of a release, except for signatures. */
export interface ReleaseContents {
  readonly release: Release;
  /** Files copied from the builds, each listed once. */
  readonly sources: readonly SourceFile[];
  /** Generated texts by file name, without `release.json` and `SHA256SUMS`. */
  readonly texts: ReadonlyMap<string, string>;
  /** The text of `release.json`. */
  readonly index: string;
  /** The text of `SHA256SUMS`. */
  readonly sums: string;
}

/** The input of {@link releaseContents}. */
export interface ContentsInput {
  readonly targets: readonly CollectedTarget[];
  readonly previous: PreviousRelease | undefined;
  /** Name and version of this program. */
  readonly tool: string;
  /** Whether the files will be signed. */
  readonly isSigned: boolean;
}

/**
 * Generates the contents of a release. The same targets and the same previous release give the same bytes.
 * @throws FactoryError `usage` when two targets have files with the same name
 */
export function releaseContents({ targets, previous, tool, isSigned }: ContentsInput): ReleaseContents {
  const sources = requireUnique(targets);
  const epoch = Math.max(...targets.map(({ target }) => target.epoch));
  const [first] = targets;
  if (first === undefined) throw new RangeError('a release without a target');
  const base: Release = {
    schema: 1,
    version: first.version,
    date: utcTime(epoch),
    epoch,
    tool,
    ...(previous ? { previous: { version: previous.release.version, date: previous.release.date } } : {}),
    targets: targets.map((target) => withChanges(target, previous)),
    files: [],
  };
  const texts = new Map<string, string>();
  const files: ReleaseFile[] = [];
  const add = (name: string, text: string, kind: Pick<ReleaseFile, 'role' | 'mediaType'>) => {
    const { role, mediaType } = kind;
    texts.set(name, text);
    const signature = isSigned ? { signature: bundleName(name) } : {};
    files.push({ name, role, mediaType, size: Buffer.byteLength(text), sha256: sha256(text), ...signature });
  };
  if (previous)
    add(CHANGELOG_FILE, renderChangelog(base, previous.release), {
      role: 'changelog',
      mediaType: 'text/markdown',
    });
  add(PAGE_FILE, renderPage({ ...base, files: [...files] }, { isSigned }), {
    role: 'page',
    mediaType: 'text/html',
  });
  const release: Release = { ...base, files };
  const index = `${JSON.stringify(release, null, 2)}\n`;
  const sums = renderChecksums([
    ...[...targets.flatMap(({ target }) => target.files), ...files]
      .filter(({ role }) => isListed(role))
      .map(({ name, sha256: sum }) => ({ file: name, sha256: sum })),
    { file: RELEASE_FILE, sha256: sha256(index) },
  ]);
  return { release, sources, texts, index, sums };
}

/** The files of all targets. @throws FactoryError `usage` when two targets use the same file names */
function requireUnique(targets: readonly CollectedTarget[]): SourceFile[] {
  const stems = new Map<string, string>();
  for (const { stem, target } of targets) {
    const twin = stems.get(stem);
    if (twin !== undefined) throw namedAlike(twin, target.name, stem);
    stems.set(stem, target.name);
  }
  return targets.flatMap(({ sources }) => sources);
}

function withChanges(
  { target, packages }: CollectedTarget,
  previous: PreviousRelease | undefined,
): ReleaseTarget {
  if (previous === undefined || packages === undefined) return target;
  const before = predecessor(target, previous.release);
  const old = before && previous.packages.get(before.name);
  if (old === undefined) return target;
  const { added, removed, upgraded, downgraded } = packageChanges(old, packages);
  const changes = {
    added: [...added],
    removed: [...removed],
    upgraded: [...upgraded],
    downgraded: [...downgraded],
  };
  return { ...target, changes };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
