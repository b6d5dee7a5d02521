/** In RE2, \s does not match a vertical tab, and \w and \d match ASCII only (RE2 syntax, "Perl character classes"). */
const RANGES: Readonly<Record<string, string>> = { d: '0-9', w: '0-9A-Za-z_', s: '\\t\\n\\f\\r ' };

/** Options of {@link perlClass}. */
export interface PerlClassOptions {
  /** Whether the escape is inside brackets. */
  readonly inClass: boolean;
}

/**
 * Translates `\d`, `\s`, `\w` and their negations in upper case to a JavaScript regular expression.
 * @returns `undefined` for any other character
 */
export function perlClass(character: string, { inClass }: PerlClassOptions): string | undefined {
  const ranges = RANGES[character.toLowerCase()];
  if (ranges === undefined) return undefined;
  if (character === character.toLowerCase()) return inClass ? ranges : `[${ranges}]`;
  return inClass ? negated(character) : `[^${ranges}]`;
}

/** The negation of a Perl class, for use inside brackets. */
function negated(character: string): string {
  if (character === 'S') return '\\x00-\\x08\\v\\x0E-\\x1F!-\\u{10FFFF}';
  const ranges = character === 'D' ? '\\x00-\\/:-' : '\\x00-\\/:-@\\[-\\^`\\{-';
  return `${ranges}\\u{10FFFF}`;
}
