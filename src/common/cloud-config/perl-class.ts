/** RE2's \s has no vertical tab, its \w and \d are ASCII (RE2 syntax, "Perl character classes"). */
const RANGES: Readonly<Record<string, string>> = { d: '0-9', w: '0-9A-Za-z_', s: '\\t\\n\\f\\r ' };

/**
 * What `\d`, `\s`, `\w`, and their opposites in upper case, are in a regular expression of JavaScript.
 * @param inClass whether it stands inside of brackets
 * @returns `undefined` for any other character
 */
export function perlClass(character: string, inClass: boolean): string | undefined {
  const ranges = RANGES[character.toLowerCase()];
  if (ranges === undefined) return undefined;
  if (character === character.toLowerCase()) return inClass ? ranges : `[${ranges}]`;
  return inClass ? negated(character) : `[^${ranges}]`;
}

/** The opposite of a Perl class, for use inside of brackets. */
function negated(character: string): string {
  if (character === 'S') return '\\x00-\\x08\\v\\x0E-\\x1F!-\\u{10FFFF}';
  const ranges = character === 'D' ? '\\x00-\\/:-' : '\\x00-\\/:-@\\[-\\^`\\{-';
  return `${ranges}\\u{10FFFF}`;
}
