import { countChanges, type PackageVersion, type VersionChange } from './package-changes.ts';
import { predecessor } from './previous.ts';
import type { Release, ReleaseTarget } from './schema.ts';

type Row = readonly string[];

/**
 * Renders the changes between two releases in Markdown: kernel, Kubernetes and packages of each target, and added and
 * removed targets.
 * @param release the new release, with the changes of its targets
 */
export function renderChangelog(release: Release, previous: Release): string {
  const followed = new Set(release.targets.map((target) => predecessor(target, previous)?.name));
  const gone = previous.targets.filter(({ name }) => !followed.has(name));
  return [
    `# ${escapeMarkdown(release.version)}`,
    '',
    `Released ${release.date.slice(0, 10)}. Changes since ${escapeMarkdown(previous.version)} (${previous.date.slice(0, 10)}).`,
    ...release.targets.flatMap((target) => targetLines(target, predecessor(target, previous))),
    ...(gone.length === 0
      ? []
      : ['', '## Removed targets', '', ...gone.map(({ name }) => `- ${escapeMarkdown(name)}`)]),
    '',
  ].join('\n');
}

function targetLines(target: ReleaseTarget, before: ReleaseTarget | undefined): string[] {
  const heading = ['', `## ${escapeMarkdown(target.name)}`, ''];
  if (before === undefined) return [...heading, 'New target.'];
  const facts = [
    fact('Distribution release', before.flavorRelease, target.flavorRelease),
    fact('Kernel', before.kernel, target.kernel),
    fact('Kubernetes', kubernetesOf(before), kubernetesOf(target)),
  ].filter((line) => line !== undefined);
  return [...heading, ...facts, ...(facts.length > 0 ? [''] : []), ...packageLines(target)];
}

function packageLines({ changes }: ReleaseTarget): string[] {
  if (changes === undefined) return ['The package lists of the two releases cannot be compared.'];
  if (countChanges(changes) === 0) return ['No package changed.'];
  const { upgraded, downgraded, added, removed } = changes;
  const change = ({ name, arch, from, to }: VersionChange) => [name, arch, from, to];
  const single = ({ name, arch, version }: PackageVersion) => [name, arch, version];
  const lines = [
    ...table('Upgraded', ['package', 'arch', 'from', 'to'], upgraded.map(change)),
    ...table('Downgraded', ['package', 'arch', 'from', 'to'], downgraded.map(change)),
    ...table('Added', ['package', 'arch', 'version'], added.map(single)),
    ...table('Removed', ['package', 'arch', 'version'], removed.map(single)),
  ];
  return lines.slice(0, -1);
}

function table(title: string, head: Row, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: Row) => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  const rule = line(head.map(() => '---'));
  return [`### ${title}: ${rows.length}`, '', line(head), rule, ...rows.map(line), ''];
}

function fact(name: string, from: string | undefined, to: string | undefined): string | undefined {
  if (from === to) return undefined;
  return `- ${name}: ${escapeMarkdown(from ?? 'none')} → ${escapeMarkdown(to ?? 'none')}`;
}

function kubernetesOf({ kubernetes }: ReleaseTarget): string | undefined {
  return kubernetes && `${kubernetes.distribution} ${kubernetes.version}`;
}

/** Escapes the special characters of Markdown and of HTML in Markdown (CommonMark, "Backslash escapes"). */
function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>|#!&]/g, '\\$&').replaceAll(/\s+/g, ' ');
}
