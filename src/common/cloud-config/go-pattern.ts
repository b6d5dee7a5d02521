import { perlClass } from './perl-class.ts';

/** What ends a translation: the problem goes to the caller's error. */
type Fail = (problem: string) => never;

interface Translation {
  readonly source: string;
  readonly fail: Fail;
  offset: number;
  /** Flags in force, innermost group last. */
  readonly groups: Flags[];
  readonly parts: string[];
}

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
}

/** Character classes of POSIX (RE2 syntax, "ASCII character classes"). */
const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
};
const REPEAT = /\{\d+(?:,\d*)?\}/y;

/**
 * A regular expression in the syntax of Go (RE2) as one of JavaScript: inline flags such as `(?i)`, named groups, POSIX
 * classes, `\A`, `\z`, `\Q…\E`. Flags are written out, as not every runtime knows `(?i:…)`.
 * @param fail called with what is wrong with it
 * @param flags of JavaScript, added to `u`
 */
export function goPattern(source: string, fail: Fail, flags = ''): RegExp {
  try {
    return new RegExp(translate(source, fail), `u${flags}`);
  } catch (error) {
    if (error instanceof SyntaxError) return fail(`"${source}" is not a regular expression`);
    throw error;
  }
}

function translate(source: string, fail: Fail): string {
  const groups = [{ i: false, m: false, s: false }];
  const state: Translation = { source, fail, offset: 0, groups, parts: [] };
  while (state.offset < source.length) item(state);
  flagsOf(state);
  return state.parts.join('');
}

function flagsOf({ groups, fail, source }: Translation): Flags {
  return groups.at(-1) ?? fail(`"${source}" closes a group that is not open`);
}

function item(state: Translation): void {
  const { source, parts } = state;
  const character = String.fromCodePoint(source.codePointAt(state.offset) ?? 0);
  const flags = flagsOf(state);
  state.offset += character.length;
  switch (character) {
    case '(':
      openGroup(state);
      return;
    case ')':
      parts.push(')');
      state.groups.pop();
      return;
    case '[':
      parts.push(bracket(state));
      return;
    case '\\':
      parts.push(escapeSequence(state, false));
      return;
    case '.':
      parts.push(flags.s ? '[\\s\\S]' : '[^\\n]');
      return;
    case '^':
      parts.push(flags.m ? '(?<![^\\n])' : '(?<![\\s\\S])');
      return;
    case '$':
      parts.push(flags.m ? '(?![^\\n])' : '(?![\\s\\S])');
      return;
    case '{':
      parts.push(repeat(state));
      return;
    case '}':
    case ']':
      parts.push(`\\${character}`);
      return;
    default:
      parts.push('*+?|'.includes(character) ? character : literal(character, flags.i));
  }
}

/** `{` that does not start a repetition is just a character. */
function repeat(state: Translation): string {
  REPEAT.lastIndex = state.offset - 1;
  const found = REPEAT.exec(state.source)?.[0];
  if (found === undefined) return '\\{';
  state.offset += found.length - 1;
  return found;
}

function openGroup(state: Translation): void {
  const { source, parts, groups, fail } = state;
  const flags = flagsOf(state);
  const rest = source.slice(state.offset);
  if (!rest.startsWith('?')) {
    groups.push(flags);
    parts.push('(');
    return;
  }
  const named = /^\?P?<([A-Za-z_]\w*)>/.exec(rest);
  const inline = /^\?([ims]*)(?:-([ims]+))?([:)])/.exec(rest);
  if (named) {
    state.offset += named[0].length;
    groups.push(flags);
    parts.push(`(?<${named[1] ?? ''}>`);
  } else if (inline) {
    const [all, on = '', off = '', end] = inline;
    state.offset += all.length;
    const changed = { ...flags };
    for (const flag of ['i', 'm', 's'] as const) {
      changed[flag] = (flags[flag] || on.includes(flag)) && !off.includes(flag);
    }
    if (end === ':') {
      groups.push(changed);
      parts.push('(?:');
    } else {
      groups[groups.length - 1] = changed;
    }
  } else {
    fail(`"${source}" has a group that Go does not know, at "(${rest.slice(0, 4)}"`);
  }
}

/** Without the flag `i` as it is, else both cases. */
function literal(character: string, fold: boolean): string {
  const plain = '/^$\\.*+?()[]{}|'.includes(character) ? `\\${character}` : character;
  const cases = fold ? casesOf(character) : [character];
  return cases.length === 1 ? plain : `[${cases.join('')}]`;
}

function casesOf(character: string): string[] {
  const cases = [character, character.toLowerCase(), character.toUpperCase()];
  return [...new Set(cases)].filter((text) => [...text].length === 1);
}

function escapeSequence(state: Translation, inClass: boolean): string {
  const { source, fail } = state;
  const character = String.fromCodePoint(source.codePointAt(state.offset) ?? 0);
  const rest = source.slice(state.offset);
  state.offset += character.length;
  const perl = perlClass(character, { inClass });
  if (perl !== undefined) return perl;
  const code = /^(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\}|([0-3]?[0-7]{2}|0))/.exec(rest);
  if (code) {
    state.offset += code[0].length - 1;
    return codePoint(state, code, inClass);
  }
  const property = /^[pP](?:([A-Z])|\{(\^?)(\w+)\})/.exec(rest);
  if (property) {
    state.offset += property[0].length - 1;
    return propertyClass(property, rest.startsWith('P'));
  }
  if (/[fnrtv]/.test(character)) return `\\${character}`;
  if (character === 'a') return '\\x07';
  const assertion = inClass ? undefined : ASSERTIONS[character];
  if (assertion !== undefined) return assertion;
  if (!inClass && character === 'Q') return quoted(state);
  if (/^[\p{L}\p{N}]/u.test(character) || rest === '')
    return fail(`"${source}" has an escape that Go does not know`);
  return escaped(character);
}

/** What stands for a position, outside of brackets. */
const ASSERTIONS: Readonly<Record<string, string>> = {
  b: '\\b',
  B: '\\B',
  A: '(?<![\\s\\S])',
  z: '(?![\\s\\S])',
};

/** A character by its code: `\x41`, `\x{1F600}`, `\101`. */
function codePoint(state: Translation, [, short, long, octal]: RegExpExecArray, inClass: boolean): string {
  const value = octal === undefined ? Number.parseInt(short ?? long ?? '', 16) : Number.parseInt(octal, 8);
  if (value > 0x10ffff) return state.fail(`"${state.source}" names a character that is not there`);
  const named = String.fromCodePoint(value);
  return inClass ? escaped(named) : literal(named, flagsOf(state).i);
}

const SCRIPTS = /^(?:L[ulmto]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfos]?)$/;

function propertyClass(match: RegExpExecArray, opposite: boolean): string {
  const name = match[1] ?? match[3] ?? '';
  const sign = opposite !== (match[2] === '^') ? 'P' : 'p';
  return SCRIPTS.test(name) ? `\\${sign}{${name}}` : `\\${sign}{Script=${name}}`;
}

/** `\Q…\E`: all characters stand for themselves. */
function quoted(state: Translation): string {
  const end = state.source.indexOf('\\E', state.offset);
  const text = state.source.slice(state.offset, end < 0 ? undefined : end);
  state.offset += text.length + (end < 0 ? 0 : 2);
  const { i } = flagsOf(state);
  return Array.from(text, (character) => literal(character, i)).join('');
}

/** A character that stands for itself, in or out of brackets. */
function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16)}}`;
}

/** A class in brackets; `[` was read. */
function bracket(state: Translation): string {
  const { source, fail } = state;
  const { i } = flagsOf(state);
  const parts: string[] = [];
  const negative = source.startsWith('^', state.offset);
  if (negative) state.offset++;
  for (let first = true; first || !source.startsWith(']', state.offset); first = false) {
    if (state.offset >= source.length) return fail(`"${source}" has a "[" that is not closed`);
    parts.push(classItem(state, i));
  }
  state.offset++;
  return `[${negative ? '^' : ''}${parts.join('')}]`;
}

function classItem(state: Translation, fold: boolean): string {
  const { source, fail } = state;
  const posix = /^\[:(\^?)(\w+):\]/.exec(source.slice(state.offset));
  if (posix) {
    const set = POSIX[posix[2] ?? ''];
    if (set === undefined || posix[1] === '^')
      return fail(`"${source}" has a class that is not supported: ${posix[0]}`);
    state.offset += posix[0].length;
    return fold && /^(?:lower|upper)$/.test(posix[2] ?? '') ? 'A-Za-z' : set;
  }
  const low = classCharacter(state);
  const ranged = source.startsWith('-', state.offset) && !source.startsWith('-]', state.offset);
  if (low.length === 0 || !ranged || low.set !== undefined)
    return low.set ?? folded(low.text, low.text, fold);
  state.offset++;
  const high = classCharacter(state);
  return high.set === undefined
    ? folded(low.text, high.text, fold)
    : fail(`"${source}" has a range without an end`);
}

interface ClassCharacter {
  readonly text: string;
  readonly length: number;
  /** For what stands for more than one character. */
  readonly set?: string;
}

function classCharacter(state: Translation): ClassCharacter {
  const character = String.fromCodePoint(state.source.codePointAt(state.offset) ?? 0);
  state.offset += character.length;
  if (character !== '\\') return { text: character, length: 1 };
  const text = escapeSequence(state, true);
  const code = /^\\u\{([0-9a-f]+)\}$/.exec(text)?.[1];
  if (code !== undefined) return { text: String.fromCodePoint(Number.parseInt(code, 16)), length: 1 };
  return { text, length: 1, set: text };
}

/** A range of characters, with the other case of its letters. */
function folded(low: string, high: string, fold: boolean): string {
  const range = low === high ? escaped(low) : `${escaped(low)}-${escaped(high)}`;
  if (!fold) return range;
  if (low === high) return casesOf(low).map(escaped).join('');
  const others = [
    /^[a-z]{2}$/.test(low + high) ? `${low}-${high}`.toUpperCase() : '',
    /^[A-Z]{2}$/.test(low + high) ? `${low}-${high}`.toLowerCase() : '',
  ];
  return range + others.join('');
}
