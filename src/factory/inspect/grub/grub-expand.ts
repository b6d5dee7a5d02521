import type { Word } from './grub-commands.ts';
import type { Piece } from './grub-words.ts';

/** The values that a word may refer to. */
export interface GrubValues {
  readonly variables: ReadonlyMap<string, string>;
  /** `$1` and the others. */
  readonly parameters: readonly string[];
}

/** Replaces variables by their values. A value outside of quotes is split into words; `"$@"` stays the words that it is. */
export function expandWords(words: readonly Word[], values: GrubValues): string[] {
  return words.flatMap((word) => (isAllParameters(word) ? [...values.parameters] : expandWord(word, values)));
}

function expandWord(word: Word, values: GrubValues): string[] {
  let done = [''];
  for (const piece of word) {
    const text = textOf(piece, values);
    const isWhole = 'text' in piece || piece.isQuoted;
    const [first = '', ...rest] = isWhole ? [text] : text.split(/\s+/);
    done = [...done.slice(0, -1), `${done.at(-1) ?? ''}${first}`, ...rest];
  }
  const isUnquoted = word.every((piece) => 'variable' in piece && !piece.isQuoted);
  return isUnquoted ? done.filter((text) => text !== '') : done;
}

function textOf(piece: Piece, { variables, parameters }: GrubValues): string {
  if ('text' in piece) return piece.text;
  const { variable } = piece;
  if (variable === '@' || variable === '*') return parameters.join(' ');
  if (/^\d$/.test(variable)) return parameters[Number(variable) - 1] ?? '';
  return variables.get(variable) ?? '';
}

function isAllParameters(word: Word): boolean {
  const [first, ...others] = word.filter((piece) => !('text' in piece && piece.text === ''));
  return first !== undefined && others.length === 0 && 'variable' in first && first.variable === '@';
}
