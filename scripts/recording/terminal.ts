/** A run of characters of one colour. */
export interface Span {
  readonly text: string;
  /** The name of its colour; absent for that of plain text. */
  readonly color: Color | undefined;
}

/** The colours of our output, by their number in an SGR sequence (ECMA-48, 8.3.117; 90 to 97 are those of xterm). */
const COLORS = { 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan', 90: 'gray' } as const;

/** The name of a colour. */
export type Color = (typeof COLORS)[keyof typeof COLORS];

/** A terminal that shows what programs write to it. */
export interface Terminal {
  /** @throws RangeError for a sequence that our programs do not use */
  readonly write: (text: string) => void;
  /** The rows, without the blanks at their ends. */
  readonly rows: () => readonly (readonly Span[])[];
}

interface Cell {
  readonly character: string;
  readonly color: Color | undefined;
}

/** The character that a sequence begins with. */
export const ESCAPE = '\x1b';
const PART = new RegExp(`${ESCAPE}\\[(\\??[\\d;]*)([A-Za-z])|[\\s\\S]`, 'gu');

/** Makes a terminal of this size. It knows the sequences that the program and its questions use, and no others. */
export function createTerminal({
  columns,
  rows,
}: {
  readonly columns: number;
  readonly rows: number;
}): Terminal {
  let screen: Cell[][] = [[]];
  let [row, column] = [0, 0];
  let color: Color | undefined;

  const feed = () => {
    row += 1;
    screen[row] ??= [];
    if (row < rows) return;
    screen.shift();
    row -= 1;
  };
  const put = (character: string) => {
    if (column === columns) {
      feed();
      column = 0;
    }
    const line = screen[row] ?? [];
    while (line.length < column) line.push({ character: ' ', color: undefined });
    line[column] = { character, color };
    column += 1;
  };
  const sequences: Readonly<Record<string, (number: number) => void>> = {
    A: (count) => {
      row = Math.max(0, row - Math.max(1, count));
    },
    G: (position) => {
      column = Math.max(1, position) - 1;
    },
    J: () => {
      screen = screen.slice(0, row + 1);
      screen[row]?.splice(column);
    },
    K: () => void screen[row]?.splice(column),
    m: (number) => {
      color = (COLORS as Readonly<Record<number, Color>>)[number];
      if (color === undefined && number !== 0 && number !== 39)
        throw new RangeError(`unknown colour ${number}`);
    },
  };
  const controls: Readonly<Record<string, () => void>> = {
    '\n': feed,
    '\r': () => {
      column = 0;
    },
  };
  const act = (part: string, argument: string, name: string) => {
    // The cursor is not drawn.
    if (argument === '?25') return;
    const sequence = sequences[name];
    if (sequence === undefined) throw new RangeError(`unknown sequence ${JSON.stringify(part)}`);
    sequence(Number(argument));
  };
  return {
    write: (text) => {
      for (const [part, argument = '', name] of text.matchAll(PART)) {
        if (name !== undefined) act(part, argument, name);
        else if (part >= ' ') put(part);
        else if (controls[part] === undefined)
          throw new RangeError(`unknown character ${JSON.stringify(part)}`);
        else controls[part]();
      }
    },
    rows: () => screen.map(spansOf),
  };
}

function spansOf(line: readonly Cell[]): Span[] {
  const spans: { text: string; color: Color | undefined }[] = [];
  for (const { character, color } of line) {
    const last = spans.at(-1);
    if (last !== undefined && last.color === color) last.text += character;
    else spans.push({ text: character, color });
  }
  const last = spans.at(-1);
  if (last !== undefined) last.text = last.text.trimEnd();
  return spans.filter(({ text }) => text !== '');
}
