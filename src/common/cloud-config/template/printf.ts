import { formatNumber, formatShortest, formatValue, type Meter, twoDigitExponent } from './format.ts';
import { isList, typeOf, type Value } from './value.ts';

const VERB = /%([-+# 0]*)(\d+|\*)?(?:\.(\d+|\*)?)?([\s\S])|%/gu;
/** Widths and precisions above this are Go's `%!(BADWIDTH)`. */
const MAX_WIDTH = 1_000_000;

interface Spec {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly verb: string;
}

/**
 * Go's `fmt.Sprintf`. Mismatches between verbs and arguments become part of the text, as in Go: `%!d(string=x)`.
 * @throws FactoryError `usage` when the text becomes too long
 */
export function sprintf(format: string, args: readonly Value[], meter: Meter): string {
  const remaining = [...args];
  const text = format.replace(VERB, (verb: string, ...groups: (string | undefined)[]) => {
    const spec = readSpec(verb, groups, remaining);
    if (spec === undefined) return '%!(NOVERB)';
    if (spec.verb === '%') return '%';
    if (remaining.length === 0) return `%!${spec.verb}(MISSING)`;
    if ((spec.width ?? 0) > MAX_WIDTH || (spec.precision ?? 0) > MAX_WIDTH)
      meter.fail('a width or precision of printf is too large');
    const part = formatVerb(spec, remaining.shift(), meter);
    meter.grow(part.length);
    return part;
  });
  const extra = remaining.map((value) => typed(value, meter));
  return extra.length > 0 ? `${text}%!(EXTRA ${extra.join(', ')})` : text;
}

/**
 * Reads a match of {@link VERB}, and takes the arguments for its stars.
 * @returns `undefined` when the verb is missing
 */
function readSpec(
  match: string,
  [flags, width, precision, verb]: readonly (string | undefined)[],
  args: Value[],
): Spec | undefined {
  if (verb === undefined || flags === undefined) return undefined;
  const signedWidth = readNumber(width, args);
  const exact = match.includes('.') ? (readNumber(precision, args) ?? 0) : undefined;
  return {
    // A negative width from an argument aligns to the left.
    flags: signedWidth !== undefined && signedWidth < 0 ? `${flags}-` : flags,
    width: signedWidth === undefined ? undefined : Math.abs(signedWidth),
    precision: exact,
    verb,
  };
}

/** A width or precision; `*` takes it from the next argument. */
function readNumber(text: string | undefined, args: Value[]): number | undefined {
  if (text !== '*') return text === undefined ? undefined : Number(text);
  const value = args.shift();
  return typeof value === 'number' ? value : undefined;
}

function typed(value: Value, meter: Meter): string {
  if (value === undefined || value === null) return '<nil>';
  return `${typeOf(value)}=${formatValue(value, meter)}`;
}

function formatVerb(spec: Spec, value: Value, meter: Meter): string {
  const { verb } = spec;
  if (verb === 'v') {
    if (typeof value === 'number') return padNumber(spec, formatNumber(value));
    return pad(spec, formatValue(value, meter));
  }
  if (verb === 'T') return pad(spec, typeOf(value));
  if (isList(value)) {
    const parts = value.map((item) => formatVerb(spec, item, meter));
    meter.grow(parts.reduce((sum, part) => sum + part.length + 1, 2));
    return `[${parts.join(' ')}]`;
  }
  const text = formatScalar(spec, value, meter);
  if (text !== undefined) return text;
  return `%!${verb}(${typed(value, meter)})`;
}

/** @returns `undefined` when the verb does not apply to that kind of value */
function formatScalar(spec: Spec, value: Value, meter: Meter): string | undefined {
  if (typeof value === 'boolean') return spec.verb === 't' ? pad(spec, String(value)) : undefined;
  if (typeof value === 'number') return formatAsNumber(spec, value);
  if (value instanceof Date) return spec.verb === 's' ? pad(spec, formatValue(value, meter)) : undefined;
  return typeof value === 'string' ? formatText(spec, value) : undefined;
}

function formatText(spec: Spec, value: string): string | undefined {
  const cut = spec.precision === undefined ? value : [...value].slice(0, spec.precision).join('');
  switch (spec.verb) {
    case 's':
      return pad(spec, cut);
    case 'q':
      return pad(spec, spec.flags.includes('#') && !cut.includes('`') ? `\`${cut}\`` : quote(cut));
    case 'x':
      return pad(spec, Buffer.from(cut).toString('hex'));
    case 'X':
      return pad(spec, Buffer.from(cut).toString('hex').toUpperCase());
    default:
      return undefined;
  }
}

const BASES: Readonly<Record<string, number>> = { d: 10, b: 2, o: 8, x: 16, X: 16 };

function formatAsNumber(spec: Spec, value: number): string | undefined {
  const { verb, precision } = spec;
  const base = BASES[verb];
  if (base !== undefined && Number.isInteger(value)) {
    const digits = Math.abs(value)
      .toString(base)
      .padStart(precision ?? 0, '0');
    const prefix = spec.flags.includes('#') ? ({ x: '0x', X: '0X', o: '0', b: '0b' }[verb] ?? '') : '';
    const text = `${value < 0 ? '-' : ''}${prefix}${verb === 'X' ? digits.toUpperCase() : digits}`;
    return padNumber(spec, text);
  }
  switch (verb) {
    case 'f':
    case 'F':
      return padNumber(spec, value.toFixed(Math.min(precision ?? 6, 100)));
    case 'e':
      return padNumber(spec, twoDigitExponent(value.toExponential(Math.min(precision ?? 6, 100))));
    case 'g':
      return padNumber(spec, formatGeneral(value, precision));
    case 'c':
    case 'q':
    case 'U':
      return isCodePoint(value) ? pad(spec, formatCharacter(verb, value)) : undefined;
    default:
      return undefined;
  }
}

function isCodePoint(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0x10ffff;
}

function formatCharacter(verb: string, code: number): string {
  if (verb === 'U') return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const character = String.fromCodePoint(code);
  return verb === 'c' ? character : `'${character === "'" ? "\\'" : quote(character).slice(1, -1)}'`;
}

function formatGeneral(value: number, precision: number | undefined): string {
  if (precision === undefined) return formatShortest(value);
  const text = value.toPrecision(Math.max(1, Math.min(precision, 100)));
  if (text.includes('e')) return twoDigitExponent(text.replace(/\.?0+e/, 'e'));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function signed({ flags }: Spec, text: string): string {
  if (text.startsWith('-') || text.startsWith('+')) return text;
  if (flags.includes('+')) return `+${text}`;
  return flags.includes(' ') ? ` ${text}` : text;
}

/** Pads to the width: with spaces, or with zeros for the flag `0`. */
function pad({ flags, width = 0 }: Spec, text: string): string {
  const missing = Math.max(0, width - [...text].length);
  if (flags.includes('-')) return text + ' '.repeat(missing);
  return (flags.includes('0') ? '0' : ' ').repeat(missing) + text;
}

/** Pads a number: zeros go after its sign, and a precision of an integer overrides the flag `0`. */
function padNumber(spec: Spec, number: string): string {
  const text = signed(spec, number);
  const { flags, precision, verb } = spec;
  if (flags.includes('-') || !flags.includes('0')) return pad(spec, text);
  if (verb in BASES && precision !== undefined) return pad({ ...spec, flags: '' }, text);
  const sign = /^[-+ ]/.test(text) ? text.charAt(0) : '';
  const width = spec.width === undefined ? undefined : spec.width - sign.length;
  return sign + pad({ ...spec, width }, text.slice(sign.length));
}

/** Quotes text as a Go string literal: `%q` (Go strconv.Quote). */
export function quote(text: string): string {
  const body = text.replace(/["\\]|\p{C}|(?! )\p{Z}/gu, (character) => {
    const known = ESCAPES[character];
    if (known !== undefined) return known;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
    return `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return `"${body}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
