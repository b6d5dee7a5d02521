// The rows of the nightly proof: the matrix of the workflow, and the table of docs/support.md.
import { fileURLToPath } from 'node:url';
import { openAllFlavors } from '../src/factory/catalog/flavors/load.ts';

const FLAVORS = fileURLToPath(new URL('../flavors', import.meta.url));

/** A flavor and one of its releases. */
export interface ProofRow {
  readonly flavor: string;
  readonly release: string;
}

/** What is known of a row: the cells after flavor and release. */
export interface ProofCells {
  /** The events that passed; `no` or `failed`. */
  readonly proven: string;
  /** Day of the proof. */
  readonly date: string;
  /** Digest of the base, or how it was made. */
  readonly base: string;
  /** Digest of the OS image. */
  readonly image: string;
}

const UNPROVEN: ProofCells = { proven: 'no', date: '', base: '', image: '' };

/** The flavors that have a base of their own, with their releases. */
export async function proofRows(): Promise<ProofRow[]> {
  const flavors = await openAllFlavors(FLAVORS);
  return flavors.flatMap(({ flavor: { name, releases, bootstrap } }) =>
    Object.entries(releases)
      .filter(([, { base }]) => base !== undefined || bootstrap !== undefined)
      .map(([release]) => ({ flavor: name, release })),
  );
}

/** Writes the rows into the matrix of a workflow, between its two marks. */
export function withMatrix(workflow: string, rows: readonly ProofRow[]): string {
  const lines = rows.map(
    ({ flavor, release }) => `          - { flavor: ${flavor}, release: "${release}" }\n`,
  );
  return between(workflow, ['          # rows: begin\n', '          # rows: end\n'], lines.join(''));
}

/** Writes the rows into the table of a page, between its two marks. Rows keep their cells, unless there are new ones. */
export function withTable(
  page: string,
  rows: readonly ProofRow[],
  found: ReadonlyMap<string, ProofCells> = new Map(),
): string {
  const before = readTable(page);
  const cells = rows.map((row) => {
    const { proven, date, base, image } = found.get(rowName(row)) ?? before.get(rowName(row)) ?? UNPROVEN;
    return [`\`${row.flavor}\``, row.release, proven, date, base, image];
  });
  const all = [['flavor', 'release', 'proven', 'on', 'base', 'image'], ...cells];
  const widths = all[0]?.map((_, at) => Math.max(3, ...all.map((line) => line[at]?.length ?? 0))) ?? [];
  const rule = widths.map((width) => '-'.repeat(width));
  const line = (words: readonly string[]) =>
    `| ${words.map((word, at) => word.padEnd(widths[at] ?? 0)).join(' | ')} |\n`;
  const [head = [], ...body] = all;
  const table = [line(head), line(rule), ...body.map(line)].join('');
  return between(page, ['<!-- proofs: begin -->\n', '<!-- proofs: end -->\n'], `\n${table}\n`);
}

/** The name of a row, for maps and directories. */
export function rowName({ flavor, release }: ProofRow): string {
  return `${flavor}-${release}`;
}

function readTable(page: string): Map<string, ProofCells> {
  const inside = /<!-- proofs: begin -->([\s\S]*?)<!-- proofs: end -->/.exec(page)?.[1] ?? '';
  return new Map(
    [...inside.matchAll(/^\| `([^`]+)` *\| (.*) \|$/gm)].map(([, flavor = '', rest = '']) => {
      const [release = '', proven = '', date = '', base = '', image = ''] = rest
        .split(' | ')
        .map((cell) => cell.trim());
      return [rowName({ flavor, release }), { proven, date, base, image }];
    }),
  );
}

function between(text: string, [begin, end]: readonly [string, string], inside: string): string {
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
  if (start < 0 || stop < start)
    throw new Error(`the marks "${begin.trim()}" and "${end.trim()}" are missing`);
  return text.slice(0, start + begin.length) + inside + text.slice(stop);
}
