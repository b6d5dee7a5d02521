import { formatSize } from '../../common/text/size-text.ts';
import { growth, type SizeChange } from '../inspect/size/compare-sizes.ts';
import type { SizeEntry } from '../inspect/size/measure-root.ts';
import type { SizeReport } from '../inspect/size/size-report.ts';
import { type PageLine, renderPage } from './page.ts';

/** Lines of a list without `all`. */
const SHOWN = 15;

/** Renders the report of `size` for people. @param options.all whether to show long lists completely */
export function renderSize(
  report: SizeReport,
  { all = false }: { readonly all?: boolean | undefined } = {},
): string {
  const { subject, artifact, stored, content, files, packages, unpackaged, directories, parts, compared } =
    report;
  const limit = all ? Number.POSITIVE_INFINITY : SHOWN;
  const owned = packages.map(({ name, version, size }) => ({ name: `${name} ${version}`, size }));
  const none = { name: 'files of no package', size: unpackaged };
  return renderPage([
    { text: subject },
    ['measured', artifact],
    ['stored', stored === undefined ? undefined : formatSize(stored)],
    ['content', `${formatSize(content)} in ${files} files`],
    ...(compared === undefined
      ? [
          ...list('Parts', parts, Number.POSITIVE_INFINITY),
          ...list(
            `Packages (${packages.length})`,
            [...owned, none].sort((a, b) => b.size - a.size),
            limit,
          ),
          ...list('Directories', directories, limit),
        ]
      : [
          ['before', `${formatSize(compared.content.before)} in ${compared.subject}`] as const,
          ['change', signed(growth(compared.content))] as const,
          ...changes('Parts', compared.parts, limit),
          ...changes('Packages', compared.packages, limit),
          ...changes('Directories', compared.directories, limit),
          ...(growth(compared.content) === 0 && compared.packages.length === 0
            ? [{ text: 'Nothing differs.' }]
            : []),
        ]),
  ]);
}

function list(title: string, entries: readonly SizeEntry[], limit: number): PageLine[] {
  const lines = entries
    .slice(0, limit)
    .map(({ name, size }) => ({ text: `${column(formatSize(size))}  ${name}` }));
  return [{ title }, ...lines, ...more(entries.length, limit)];
}

/** What grew most and what shrank most; what is between them is left out. */
function changes(title: string, all: readonly SizeChange[], limit: number): PageLine[] {
  const bySize = [...all].sort((a, b) => Math.abs(growth(b)) - Math.abs(growth(a)));
  const shown = new Set(bySize.slice(0, limit));
  const lines = all
    .filter((change) => shown.has(change))
    .map((change) => ({ text: `${column(signed(growth(change)))}  ${change.name}${state(change)}` }));
  return [{ title }, ...lines, ...more(all.length, limit)];
}

function more(count: number, limit: number): PageLine[] {
  return count > limit ? [{ text: `and ${count - limit} more (--all shows them)` }] : [];
}

function state({ before, after }: SizeChange): string {
  if (before === 0) return ' (new)';
  return after === 0 ? ' (gone)' : ` (${formatSize(before)} -> ${formatSize(after)})`;
}

function signed(bytes: number): string {
  return `${bytes < 0 ? '-' : '+'}${formatSize(Math.abs(bytes))}`;
}

function column(text: string): string {
  return text.padStart(10);
}
