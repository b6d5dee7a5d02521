import { printableFileName } from '../../common/files/file-name.ts';

/** Columns of a page for people. */
const WIDTH = 80;
/** Columns of the names in front of values. */
const NAMES = 16;

/** A line of a page: a name with a value, a line of its own, or the title of a section. */
export type PageLine =
  | readonly [name: string, value: string | undefined]
  | { readonly title: string }
  | { readonly text: string };

/** Lays lines out in 80 columns. A value without content is left out; a title without lines behind it, too. */
export function renderPage(lines: readonly PageLine[]): string {
  const shown = lines.filter((line) => !Array.isArray(line) || Boolean(line[1]));
  const kept = shown.filter((line, index) => !('title' in line) || isContent(shown[index + 1]));
  return kept.map(renderLine).join('');
}

function isContent(line: PageLine | undefined): boolean {
  return line !== undefined && !('title' in line);
}

function renderLine(line: PageLine): string {
  if ('title' in line) return `\n${safe(line.title)}\n`;
  if ('text' in line) return wrapped(safe(line.text), { first: '  ', rest: '    ' });
  const [name, value = ''] = line;
  const first = `  ${name.padEnd(NAMES - 3)} `;
  return wrapped(safe(value), { first, rest: ' '.repeat(first.length) });
}

/** What an artifact says about itself cannot control the terminal. */
function safe(text: string): string {
  return printableFileName(text);
}

/** Breaks a text at spaces; a word that is longer than a line is broken where the line ends. */
function wrapped(text: string, { first, rest }: { readonly first: string; readonly rest: string }): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
    for (; line.length > WIDTH; line = rest + line.slice(WIDTH)) lines.push(line.slice(0, WIDTH));
  }
  return [...lines, line].map((each) => `${each.trimEnd()}\n`).join('');
}
