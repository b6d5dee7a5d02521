/** A piece of a word: text, or a variable that is replaced when the command runs. */
export type Piece = { readonly text: string } | { readonly variable: string; readonly isQuoted: boolean };

/** A word of a script, or the end of a command. */
export type Token = { readonly word: readonly Piece[]; readonly isPlain: boolean } | 'end';

/** What a script consists of. A comment begins where a word would. */
const PART =
  /(?<end>[\n;])|(?<space>[^\S\n]+)|(?<comment>#[^\n]*)|\\(?<escaped>[\s\S])|'(?<single>[^']*)'?|"(?<double>(?:\\[\s\S]|[^"\\])*)"?|\$(?:\{(?<braced>[\w@*#?]+)\}|(?<named>[A-Za-z_]\w*|[\d@*#?]))|(?<text>[^\s;'"\\$#]+|[$])/g;
/** What a text in double quotes consists of. A backslash is one unless it is before one of these characters. */
const QUOTED_PART =
  /\\(?<escaped>["\\$])|\$(?:\{(?<braced>[\w@*#?]+)\}|(?<named>[A-Za-z_]\w*|[\d@*#?]))|(?<text>[^\\$]+|[\\$])/g;

/** Splits a script of GRUB into words and ends of commands (GRUB manual, "Writing full configuration files directly"). */
export function grubWords(script: string): Token[] {
  const tokens: Token[] = [];
  let pieces: Piece[] = [];
  let isPlain = true;
  const close = () => {
    if (pieces.length > 0) tokens.push({ word: pieces, isPlain });
    pieces = [];
    isPlain = true;
  };
  const part = new RegExp(PART);
  for (let found = part.exec(script); found !== null; found = part.exec(script)) {
    const { end, space, comment } = found.groups ?? {};
    if (comment !== undefined && pieces.length > 0) {
      pieces.push({ text: '#' });
      part.lastIndex = found.index + 1;
    } else if (end !== undefined || space !== undefined) close();
    else if (comment === undefined) {
      const added = piecesOf(found.groups ?? {});
      isPlain &&= found.groups?.['text'] !== undefined;
      pieces.push(...added);
    }
    if (end !== undefined) tokens.push('end');
  }
  close();
  tokens.push('end');
  return tokens;
}

function piecesOf(groups: Readonly<Record<string, string | undefined>>): Piece[] {
  const { escaped, single, double, braced, named, text } = groups;
  const variable = braced ?? named;
  if (variable !== undefined) return [{ variable, isQuoted: false }];
  if (double !== undefined) return quotedPieces(double);
  // A line that ends with a backslash goes on in the next one.
  if (escaped !== undefined) return escaped === '\n' ? [] : [{ text: escaped }];
  return [{ text: single ?? text ?? '' }];
}

/** The pieces of a text in double quotes; the first keeps an empty one from vanishing. */
function quotedPieces(text: string): Piece[] {
  const inner = [...text.matchAll(QUOTED_PART)].map(({ groups = {} }): Piece => {
    const variable = groups['braced'] ?? groups['named'];
    if (variable !== undefined) return { variable, isQuoted: true };
    return { text: groups['escaped'] ?? groups['text'] ?? '' };
  });
  return [{ text: '' }, ...inner];
}
