import { ERROR_CODES, type ErrorKind } from './error-codes.ts';
import { EXIT_STATUS } from './factory-error.ts';

const BEGIN =
  '<!-- Error codes: written by scripts/generate-docs.ts from src/common/errors/error-codes.ts -->';
const END = '<!-- End of the error codes -->';

/** The page docs/errors.md with its table of codes as the source has them now. @throws RangeError when it has no place for it */
export function withErrorCodes(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin) throw new RangeError('the page has no place for the error codes');
  return `${page.slice(0, begin)}${BEGIN}\n\n${tables()}\n${page.slice(end)}`;
}

/** A table for each kind, in the order of exit codes. */
function tables(): string {
  return (Object.keys(EXIT_STATUS) as ErrorKind[])
    .map((kind) => {
      const rows = Object.entries(ERROR_CODES)
        .filter(([, facts]) => facts.kind === kind)
        .map(([code, { summary }]): Row => [`\`${code}\``, summary]);
      return `### \`${kind}\`: exit code ${EXIT_STATUS[kind]}\n\n${table(['code', 'what it means'], rows)}`;
    })
    .join('\n');
}

type Row = readonly [string, string];

/** A table of Markdown whose columns are aligned, as the formatter wants them. */
function table(head: Row, rows: readonly Row[]): string {
  const widths = [0, 1].map((column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)),
  );
  const line = (row: Row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`;
  return [line(head), rule, ...rows.map(line)].join('');
}
