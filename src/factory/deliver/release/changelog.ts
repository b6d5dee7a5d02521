import { countChanges, type VersionChange } from './package-changes.ts';
import { predecessor } from './previous.ts';
import type { Release, ReleaseTarget } from './schema.ts';

type Row = readonly string[];

/**
 * What changed between two releases, in Markdown: kernel, Kubernetes and packages of each target, and targets that came or
 * went.
 * @param release with the changes of its targets
 */
export function renderChangelog(release: Release, previous: Release): string {
  const followed = new Set(release.targets.map((target) => predecessor(target, previous)?.name));
  const gone = previous.targets.filter(({ name }) => !followed.has(name));
  return [
    `# ${escapeMarkdown(release.version)}`,
    '',
    `Of ${release.date.slice(0, 10)}; compared with ${escapeMarkdown(previous.version)} of ${previous.date.slice(0, 10)}.`,
    ...release.targets.flatMap((target) => targetLines(target, predecessor(target, previous))),
    ...(gone.length === 0
      ? []
      : ['', '## No longer there', '', ...gone.map(({ name }) => `- ${escapeMarkdown(name)}`)]),
    '',
  ].join('\n');
}

function targetLines(target: ReleaseTarget, before: ReleaseTarget | undefined): string[] {
  const heading = ['', `## ${escapeMarkdown(target.name)}`, ''];
  if (before === undefined) return [...heading, 'New.'];
  const facts = [
    fact('Release of the distribution', before.flavorRelease, target.flavorRelease),
    fact('Kernel', before.kernel, target.kernel),
    fact('Kubernetes', kubernetesOf(before), kubernetesOf(target)),
  ].filter((line) => line !== undefined);
  return [...heading, ...facts, ...(facts.length > 0 ? [''] : []), ...packageLines(target)];
}

function packageLines({ changes }: ReleaseTarget): string[] {
  if (changes === undefined) return ['The packages of one of the two are not known.'];
  if (countChanges(changes) === 0) return ['The same packages.'];
  const { upgraded, downgraded, added, removed } = changes;
  const change = ({ name, arch, from, to }: VersionChange) => [name, arch, from, to];
  const single = ({ name, arch, version }: { name: string; arch: string; version: string }) => [
    ...[name, arch, version],
  ];
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

/** Characters that Markdown, or HTML inside it, would take for its own (CommonMark, "Backslash escapes"). */
function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>|#!&]/g, '\\$&').replaceAll(/\s+/g, ' ');
}
