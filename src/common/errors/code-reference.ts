import { ERROR_CODES, type ErrorKind } from './error-codes.ts';
import { EXIT_STATUS } from './factory-error.ts';

const BEGIN =
  '<!-- Error codes: written by scripts/generate-docs.ts from src/common/errors/error-codes.ts -->';
const END = '<!-- End of the error codes -->';

/**
 * Updates the tables of error codes in a page from the source.
 * @param page the content of docs/errors.md
 * @throws RangeError when the page lacks the markers around the tables
 */
export function withErrorCodes(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new RangeError('the page lacks the markers for the error codes');
  return `${page.slice(0, begin)}${BEGIN}\n\n${tables()}\n${page.slice(end)}`;
}

/** One table per kind, in the order of exit codes. */
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

/** A Markdown table with aligned columns, as the formatter requires. */
function table(head: Row, rows: readonly Row[]): string {
  const widths = [0, 1].map((column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)),
  );
  const line = (row: Row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`;
  return [line(head), rule, ...rows.map(line)].join('');
}
