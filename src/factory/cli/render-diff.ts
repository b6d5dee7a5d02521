import { printableFileName } from '../../common/files/file-name.ts';
import { formatSize } from '../../common/text/size-text.ts';
import { formatPackageChange } from '../inputs/lock/package-changes.ts';
import type { Difference } from '../inspect/diff/compare.ts';
import type { TreeDifference } from '../inspect/diff/compare-contents.ts';
import type { FileChange } from '../inspect/diff/compare-trees.ts';
import type { Side } from '../inspect/diff/side.ts';
import type { TreeFile } from '../inspect/diff/tree.ts';

/** Lines shown per section without `all`. */
const SHOWN = 40;

/** Renders a difference as text. @param options.all whether to show long sections completely */
export function renderDifference(
  difference: Difference,
  { all = false }: { readonly all?: boolean | undefined } = {},
): string {
  const { a, b, isSame } = difference;
  if (isSame) return `${a.name} and ${b.name} are the same.\n`;
  return `${[...lines(difference, all ? Number.POSITIVE_INFINITY : SHOWN)].join('\n')}\n`;
}

function* lines(difference: Difference, limit: number): Generator<string> {
  const { a, b, firstByte, packages, config, trees, artifacts, onlyInA, onlyInB } = difference;
  yield `${a.name} and ${b.name} differ.`;
  for (const name of onlyInA) yield `  only in the first:  ${name}`;
  for (const name of onlyInB) yield `  only in the second: ${name}`;
  if (a.digest !== undefined && b.digest !== undefined && a.digest !== b.digest) {
    yield `  digest: ${a.digest} -> ${b.digest}`;
  }
  if (a.size !== undefined && b.size !== undefined) yield `  size: ${sizes(a, b)}`;
  if (firstByte) {
    const { offset, place } = firstByte;
    yield `  first different byte: ${offset}${place === undefined ? '' : ` (${place})`}`;
  }
  if (artifacts.length === 0) yield* section('packages', packages.map(formatPackageChange), limit);
  const values = config.map(({ key, before, after }) => `${key}: ${short(before)} -> ${short(after)}`);
  yield* section('configuration', values, limit);
  for (const tree of trees)
    yield* section(
      treeTitle(tree),
      tree.changes.map((change) => printableFileName(fileLine(change))),
      limit,
    );
  for (const artifact of artifacts) {
    yield '';
    yield* lines(artifact, limit);
  }
}

function* section(title: string, content: readonly string[], limit: number): Generator<string> {
  if (content.length === 0) return;
  yield `  ${title}`;
  for (const line of content.slice(0, limit)) yield `    ${line}`;
  if (content.length > limit) yield `    and ${content.length - limit} more (--all shows them)`;
}

function treeTitle({ tree, changes }: TreeDifference): string {
  const added = changes.filter(({ before }) => before === undefined).length;
  const removed = changes.filter(({ after }) => after === undefined).length;
  return `${tree}: ${added} added, ${removed} removed, ${changes.length - added - removed} changed`;
}

function fileLine({ path, before, after, aspects, offset }: FileChange): string {
  if (before === undefined) return `added    ${path}  ${after ? described(after) : ''}`;
  if (after === undefined) return `removed  ${path}  ${described(before)}`;
  const parts = aspects.map((aspect) => {
    switch (aspect) {
      case 'content': {
        const at = offset === undefined ? '' : ` from byte ${offset}`;
        return `content${at}${before.size === after.size ? '' : ` (${before.size} -> ${after.size} bytes)`}`;
      }
      case 'mode':
        return `mode ${octal(before.mode)} -> ${octal(after.mode)}`;
      case 'owner':
        return `owner ${before.uid}:${before.gid} -> ${after.uid}:${after.gid}`;
      case 'time':
        return `time ${before.modified} -> ${after.modified}`;
      case 'attributes':
        return `attributes ${attributes(before)} -> ${attributes(after)}`;
      case 'links':
        return `hard link ${before.linkOf ?? 'no'} -> ${after.linkOf ?? 'no'}`;
      default:
        return `${aspect} ${String(before[aspect])} -> ${String(after[aspect])}`;
    }
  });
  return `changed  ${path}  ${parts.join(', ')}`;
}

function described({ kind, mode, uid, gid, size, target }: TreeFile): string {
  const more = kind === 'file' ? ` ${size} bytes` : target === undefined ? '' : ` -> ${target}`;
  return `${kind} ${octal(mode)} ${uid}:${gid}${more}`;
}

function attributes({ attributes: all }: TreeFile): string {
  const entries = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return entries.length === 0 ? 'none' : entries.join(' ');
}

function sizes(a: Side, b: Side): string {
  const from = a.size ?? 0;
  const to = b.size ?? 0;
  const sign = to > from ? '+' : '';
  return from === to
    ? `${from} bytes`
    : `${formatSize(from)} -> ${formatSize(to)} (${sign}${to - from} bytes)`;
}

function short(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
