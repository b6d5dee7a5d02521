import { parseSync } from 'oxc-parser';

/** A line of code that is compared. */
interface Line {
  readonly text: string;
  readonly number: number;
}

/** A run of lines that occurs in two places. */
export interface Duplicate {
  /** Where it starts, such as `a.ts:12`. */
  readonly first: string;
  readonly second: string;
  /** The compared lines, trimmed. */
  readonly lines: readonly string[];
}

/**
 * Returns the lines of a module to compare, trimmed: no imports, re-exports, comments or blank lines.
 * @throws Error when the code does not parse
 */
export function significantLines(file: string, code: string): Line[] {
  const { program, comments, errors } = parseSync(file, code);
  if (errors.length > 0) throw new Error(`${file}: ${errors.map(({ message }) => message).join('; ')}`);
  const imports = program.body.filter(
    (node) =>
      node.type === 'ImportDeclaration' ||
      (node.type.startsWith('Export') && 'source' in node && node.source),
  );
  const blank = (text: string, { start, end }: { readonly start: number; readonly end: number }) =>
    text.slice(0, start) + text.slice(start, end).replaceAll(/[^\n]/g, ' ') + text.slice(end);
  const kept = [...comments, ...imports].reduce(blank, code);
  return kept
    .split('\n')
    .map((text, index) => ({ text: text.trim(), number: index + 1 }))
    .filter(({ text }) => text !== '');
}

/**
 * Finds runs of at least `size` equal lines, in one file or in two.
 * @param sources the code of each file, by name
 */
export function findDuplicates(sources: ReadonlyMap<string, string>, size: number): Duplicate[] {
  const files = [...sources].map(([file, code]) => ({ file, lines: significantLines(file, code) }));
  const places = new Map<string, { readonly of: number; readonly at: number }[]>();
  const found: Duplicate[] = [];
  files.forEach(({ lines }, of) => {
    for (let at = 0; at + size <= lines.length; at += 1) {
      const window = key(lines.slice(at, at + size));
      const before = places.get(window) ?? [];
      for (const other of before) {
        const overlaps = other.of === of && other.at + size > at;
        if (!overlaps && !continues(files, other, { of, at })) found.push(grow(files, other, { of, at }));
      }
      places.set(window, [...before, { of, at }]);
    }
  });
  return found;
}

type Files = readonly { readonly file: string; readonly lines: readonly Line[] }[];
type Place = { readonly of: number; readonly at: number };

const key = (lines: readonly Line[]) => lines.map(({ text }) => text).join('\n');
const textAt = (files: Files, { of, at }: Place, offset: number) => files[of]?.lines[at + offset]?.text;

/** Whether the preceding lines are equal too: then the run started earlier and has been found already. */
function continues(files: Files, a: Place, b: Place): boolean {
  const before = textAt(files, a, -1);
  return before !== undefined && before === textAt(files, b, -1);
}

function grow(files: Files, a: Place, b: Place): Duplicate {
  const lines: string[] = [];
  for (let text = textAt(files, a, 0); text !== undefined && text === textAt(files, b, lines.length); ) {
    lines.push(text);
    text = textAt(files, a, lines.length);
  }
  const name = ({ of, at }: Place) => `${files[of]?.file}:${files[of]?.lines[at]?.number}`;
  return { first: name(a), second: name(b), lines };
}
