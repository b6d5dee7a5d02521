import { templateError } from './position.ts';
import { unquote } from './unquote.ts';

/** The kind of a token (Go text/template, "Actions" and "Arguments"). `word` is a keyword, a constant or a function. */
export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'field'
  | 'variable'
  | 'word'
  | 'number'
  | 'string'
  | 'char'
  | 'dot'
  | '|'
  | ':='
  | '='
  | ','
  | '('
  | ')'
  | 'end';

/** A piece of a template. */
export interface Token {
  readonly kind: TokenKind;
  /** The source text; the name of a field or variable, the value of a string. */
  readonly text: string;
  readonly offset: number;
  /** The value of a number or a character. */
  readonly number?: number;
}

const LEFT = '{{';
const RIGHT = '}}';
/** White space that trim markers remove and that separates arguments. */
const SPACE = /[ \t\r\n]+/y;
const COMMENT = /\/\*[\s\S]*?\*\//y;
const COMMENT_END = /(?:[ \t\r\n](-))?\}\}/y;
const TRIM_RIGHT = /[ \t\r\n]+-\}\}/y;
const FIELD = /\.([\p{L}_][\p{L}\p{Nd}_]*)/uy;
const VARIABLE = /\$[\p{L}\p{Nd}_]*/uy;
const WORD = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y;
const QUOTED = /"((?:[^"\\\n]|\\[^\n])*)"/y;
const RAW = /`([^`]*)`/y;
const CHAR = /'((?:[^'\\\n]|\\[^\n])+)'/y;
const SYMBOL = /:=|[=|,()]/y;
/** What must follow a field, a variable, a word or a number. */
const TERMINATOR = /[ \t\r\n.,|:()=]|\}\}|$/y;

/** Splits a template into tokens, the last of which is `end`. @throws FactoryError `usage` with line and column */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  let trim = false;
  for (;;) {
    const left = source.indexOf(LEFT, offset);
    const end = left < 0 ? source.length : left;
    const action = left < 0 ? undefined : openAction(source, left);
    const text = trimmed(source.slice(offset, end), { start: trim, end: action?.trim ?? false });
    if (text !== '') tokens.push({ kind: 'text', text, offset });
    if (!action) {
      tokens.push({ kind: 'end', text: '', offset: source.length });
      return tokens;
    }
    const closed = action.comment ?? insideAction(source, { left, from: action.offset }, tokens);
    offset = closed.offset;
    trim = closed.trim;
  }
}

interface Closed {
  readonly offset: number;
  /** Whether the white space after it is removed. */
  readonly trim: boolean;
}

/** Reads the start of an action with its trim marker; a comment is skipped as a whole. */
function openAction(source: string, left: number): Closed & { readonly comment?: Closed } {
  const marked = /^-[ \t\r\n]/.test(source.slice(left + 2, left + 4));
  const offset = left + (marked ? 3 : 2);
  const start = marked ? offset + (match(SPACE, source, offset)?.[0].length ?? 0) : offset;
  if (!source.startsWith('/*', start)) return { offset, trim: marked };
  const comment = match(COMMENT, source, start);
  if (!comment) throw templateError(source, left, 'the comment is not closed');
  const closing = match(COMMENT_END, source, start + comment[0].length);
  if (!closing) {
    throw templateError(
      source,
      start + comment[0].length,
      'a comment must end immediately before the closing }}',
    );
  }
  const after = start + comment[0].length + closing[0].length;
  return { offset, trim: marked, comment: { offset: after, trim: closing[1] !== undefined } };
}

/** The sides of a text to trim. */
interface Sides {
  readonly start: boolean;
  readonly end: boolean;
}

function trimmed(text: string, { start, end }: Sides): string {
  const left = start ? text.replace(/^[ \t\r\n]+/, '') : text;
  if (!end) return left;
  // A loop, because a regular expression with `+$` takes quadratic time on long white space.
  let length = left.length;
  while (length > 0 && ' \t\r\n'.includes(left.charAt(length - 1))) length--;
  return left.slice(0, length);
}

interface ActionStart {
  /** The offset of its `{{`. */
  readonly left: number;
  /** The offset after its `{{` and trim marker. */
  readonly from: number;
}

function insideAction(source: string, { left, from }: ActionStart, tokens: Token[]): Closed {
  tokens.push({ kind: 'left', text: LEFT, offset: left });
  let offset = from;
  let depth = 0;
  for (;;) {
    const marker = match(TRIM_RIGHT, source, offset);
    if (marker || source.startsWith(RIGHT, offset)) {
      if (depth > 0) throw templateError(source, offset, 'unclosed left parenthesis');
      tokens.push({ kind: 'right', text: RIGHT, offset });
      return { offset: offset + (marker?.[0].length ?? RIGHT.length), trim: marker !== undefined };
    }
    if (offset >= source.length) throw templateError(source, left, 'the action is not closed with }}');
    const { token, length } = next(source, offset);
    if (token.kind === '(') depth++;
    if (token.kind === ')' && --depth < 0)
      throw templateError(source, offset, 'unexpected right parenthesis');
    tokens.push(token);
    offset += length;
  }
}

function next(source: string, offset: number): { readonly token: Token; readonly length: number } {
  const found = (kind: TokenKind, length: number, value: Pick<Token, 'text' | 'number'>) => ({
    token: { ...value, kind, offset },
    length,
  });
  const space = match(SPACE, source, offset);
  if (space) return found('space', space[0].length, { text: ' ' });
  const quoted = match(QUOTED, source, offset);
  if (quoted) {
    const text = literal(source, offset, { body: quoted[1] ?? '', quote: '"' });
    return found('string', quoted[0].length, { text });
  }
  const raw = match(RAW, source, offset);
  if (raw) return found('string', raw[0].length, { text: raw[1] ?? '' });
  const char = match(CHAR, source, offset);
  if (char) {
    const code = character(source, offset, char[1] ?? '');
    return found('char', char[0].length, { text: char[0], number: code });
  }
  const symbol = match(SYMBOL, source, offset);
  if (symbol) return found(symbol[0] as TokenKind, symbol[0].length, { text: symbol[0] });
  const number = match(NUMBER, source, offset);
  if (number) {
    terminated(source, offset + number[0].length, 'the number');
    const value = numberOf(source, offset, number[0]);
    return found('number', number[0].length, { text: number[0], number: value });
  }
  for (const [kind, pattern] of NAMES) {
    const name = match(pattern, source, offset);
    if (!name) continue;
    terminated(source, offset + name[0].length, `"${name[0]}"`);
    return found(kind, name[0].length, { text: name[1] ?? name[0] });
  }
  if (source.startsWith('.', offset)) {
    terminated(source, offset + 1, '"."');
    return found('dot', 1, { text: '.' });
  }
  throw templateError(source, offset, problemAt(source, offset));
}

const NAMES = [
  ['field', FIELD],
  ['variable', VARIABLE],
  ['word', WORD],
] as const;

function problemAt(source: string, offset: number): string {
  const character = String.fromCodePoint(source.codePointAt(offset) ?? 0);
  if (character === '"') return 'the string is not closed';
  if (character === '`') return 'the raw string is not closed';
  if (character === "'") return 'the character constant is not closed';
  return `unexpected ${JSON.stringify(character)} in an action`;
}

/** @param end the offset after the token */
function terminated(source: string, end: number, name: string): void {
  if (match(TERMINATOR, source, end)) return;
  throw templateError(source, end, `unexpected ${JSON.stringify(source.charAt(end))} after ${name}`);
}

interface Quoted {
  readonly body: string;
  readonly quote: '"' | "'";
}

function literal(source: string, offset: number, { body, quote }: Quoted): string {
  const text = unquote(body, quote);
  if (text === undefined) throw templateError(source, offset, 'the literal has an invalid escape sequence');
  return text;
}

function character(source: string, offset: number, body: string): number {
  const characters = [...literal(source, offset, { body, quote: "'" })];
  const code = characters[0]?.codePointAt(0);
  if (characters.length === 1 && code !== undefined) return code;
  throw templateError(source, offset, 'a character constant must have exactly one character');
}

/** Go reads a number with a leading 0 as octal, and ignores `_`. */
function numberOf(source: string, offset: number, text: string): number {
  const digits = text.replaceAll('_', '').replace(/^[+-]/, '').toLowerCase();
  const value = Number(/^0\d+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (!Number.isFinite(value)) throw templateError(source, offset, `${text} is not a number`);
  return text.startsWith('-') ? -value : value;
}

function match(pattern: RegExp, source: string, offset: number): RegExpExecArray | undefined {
  // The patterns are shared and sticky, so the position is set before each use.
  pattern.lastIndex = offset;
  return pattern.exec(source) ?? undefined;
}
