/** The least room that a last column needs to be folded; in less, each row becomes a block. */
const LEAST = 16;
/** The indentation of what belongs to the first cell of a block. */
const INDENT = '  ';

/** How {@link table} lays out its rows. */
interface TableLayout {
  /** The columns of the terminal. Default: those of standard output; a pipe or a file has no limit, so that one row is one line. */
  readonly columns?: number | undefined;
  /** Whether the first row has the headings. Default: yes. */
  readonly isHeaded?: boolean;
  /** Whether the last column may be left out where the others have room without it. Default: no. */
  readonly isLastOptional?: boolean;
}

/**
 * Renders rows with aligned columns. Where they are wider than the terminal, the last column is folded; where it has no room for
 * that, it is left out if it may be, or each row becomes a block: its first cell, and below it the others with their headings.
 */
export function table(
  rows: readonly (readonly string[])[],
  {
    columns = process.stdout.columns || undefined,
    isHeaded = true,
    isLastOptional = false,
  }: TableLayout = {},
): string {
  const { widths, before, last } = measured(rows);
  if (columns === undefined || before + last <= columns) return rows.map((row) => line(row, widths)).join('');
  if (!hasRoom({ before, last }, columns)) {
    const fewer = rows.map((row) => row.slice(0, -1));
    return isLastOptional && hasRoom(measured(fewer), columns)
      ? table(fewer, { columns, isHeaded })
      : blocks(rows, { columns, isHeaded });
  }
  const room = columns - before;
  return rows
    .flatMap((row) => {
      const [first = '', ...more] = folded(row.at(-1) ?? '', room);
      return [
        line([...row.slice(0, -1), first], widths),
        ...more.map((text) => `${' '.repeat(before)}${text}\n`),
      ];
    })
    .join('');
}

/** The width of each column, of all columns before the last one with the blanks behind them, and of that one. */
function measured(rows: readonly (readonly string[])[]) {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  return { widths, before, last: widths.at(-1) ?? 0 };
}

/** Whether the last column can be folded. */
function hasRoom({ before, last }: { readonly before: number; readonly last: number }, columns: number) {
  return columns - before >= Math.min(LEAST, last);
}

function line(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
  return `${cells.join('  ').trimEnd()}\n`;
}

function blocks(
  rows: readonly (readonly string[])[],
  { columns, isHeaded }: { readonly columns: number; readonly isHeaded: boolean },
): string {
  const headings = isHeaded ? (rows[0] ?? []) : [];
  const width = Math.max(0, ...headings.slice(1).map((heading) => heading.length));
  return rows
    .slice(isHeaded ? 1 : 0)
    .flatMap(([name = '', ...cells]) => [
      ...folded(name, columns),
      ...cells.flatMap((cell, index) => {
        if (cell === '') return [];
        const label = isHeaded ? `${(headings[index + 1] ?? '').padEnd(width)}  ` : '';
        const [first = '', ...more] = folded(cell, columns - INDENT.length - label.length);
        const below = INDENT + ' '.repeat(label.length);
        return [`${INDENT}${label}${first}`, ...more.map((text) => `${below}${text}`)];
      }),
    ])
    .map((text) => `${text}\n`)
    .join('');
}

/** Breaks a text at its spaces, and a longer word where the line ends. */
function folded(text: string, width: number): string[] {
  const room = Math.max(1, width);
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > room) {
      lines.push(current);
      current = '';
    }
    current += current === '' ? word : ` ${word}`;
    for (; current.length > room; current = current.slice(room)) lines.push(current.slice(0, room));
  }
  return current === '' && lines.length > 0 ? lines : [...lines, current];
}
