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
 * Go's `fmt.Sprintf`. Mistakes between verbs and arguments go into the text, as in Go: `%!d(string=x)`.
 * @throws FactoryError `usage` when the text becomes too long
 */
export function sprintf(format: string, args: readonly Value[], meter: Meter): string {
  let used = 0;
  const star = () => {
    const value = args[used++];
    return typeof value === 'number' ? value : undefined;
  };
  const text = format.replace(
    VERB,
    // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
    (all, flags?: string, width?: string, precision?: string, verb?: string) => {
      if (verb === undefined || flags === undefined) return '%!(NOVERB)';
      const wide = width === '*' ? star() : numberOf(width);
      const left = wide !== undefined && wide < 0 ? '-' : '';
      const exact = all.includes('.') ? ((precision === '*' ? star() : numberOf(precision)) ?? 0) : undefined;
      if (verb === '%') return '%';
      if (used >= args.length) return `%!${verb}(MISSING)`;
      const spec = {
        flags: flags + left,
        width: wide === undefined ? undefined : Math.abs(wide),
        precision: exact,
        verb,
      };
      if ((spec.width ?? 0) > MAX_WIDTH || (exact ?? 0) > MAX_WIDTH)
        meter.fail('a width or precision of printf is too large');
      const part = formatVerb(spec, args[used++], meter);
      meter.grow(part.length);
      return part;
    },
  );
  const extra = args.slice(used).map((value) => typed(value, meter));
  return extra.length > 0 ? `${text}%!(EXTRA ${extra.join(', ')})` : text;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function typed(value: Value, meter: Meter): string {
  if (value === undefined || value === null) return '<nil>';
  return `${typeOf(value)}=${formatValue(value, meter)}`;
}

function formatVerb(spec: Spec, value: Value, meter: Meter): string {
  const { verb } = spec;
  if (verb === 'v') {
    if (typeof value === 'number') return pad(spec, signed(spec, formatNumber(value)), true);
    return pad(spec, formatValue(value, meter), false);
  }
  if (verb === 'T') return pad(spec, typeOf(value), false);
  if (isList(value)) {
    const parts = value.map((item) => formatVerb(spec, item, meter));
    meter.grow(parts.reduce((sum, part) => sum + part.length + 1, 2));
    return `[${parts.join(' ')}]`;
  }
  const text = formatScalar(spec, value, meter);
  if (text !== undefined) return text;
  return `%!${verb}(${typed(value, meter)})`;
}

/** @returns `undefined` when the verb is not for that kind of value */
function formatScalar(spec: Spec, value: Value, meter: Meter): string | undefined {
  if (typeof value === 'boolean') return spec.verb === 't' ? pad(spec, String(value), false) : undefined;
  if (typeof value === 'number') return formatFor(spec, value);
  if (value instanceof Date)
    return spec.verb === 's' ? pad(spec, formatValue(value, meter), false) : undefined;
  return typeof value === 'string' ? formatText(spec, value) : undefined;
}

function formatText(spec: Spec, value: string): string | undefined {
  const cut = spec.precision === undefined ? value : [...value].slice(0, spec.precision).join('');
  switch (spec.verb) {
    case 's':
      return pad(spec, cut, false);
    case 'q':
      return pad(spec, spec.flags.includes('#') && !cut.includes('`') ? `\`${cut}\`` : quote(cut), false);
    case 'x':
      return pad(spec, Buffer.from(cut).toString('hex'), false);
    case 'X':
      return pad(spec, Buffer.from(cut).toString('hex').toUpperCase(), false);
    default:
      return undefined;
  }
}

const BASES: Readonly<Record<string, number>> = { d: 10, b: 2, o: 8, x: 16, X: 16 };

function formatFor(spec: Spec, value: number): string | undefined {
  const { verb, precision } = spec;
  const base = BASES[verb];
  if (base !== undefined && Number.isInteger(value)) {
    const digits = Math.abs(value)
      .toString(base)
      .padStart(precision ?? 0, '0');
    const prefix = spec.flags.includes('#') ? ({ x: '0x', X: '0X', o: '0', b: '0b' }[verb] ?? '') : '';
    const text = `${value < 0 ? '-' : ''}${prefix}${verb === 'X' ? digits.toUpperCase() : digits}`;
    return pad(spec, signed(spec, text), true);
  }
  switch (verb) {
    case 'f':
    case 'F':
      return pad(spec, signed(spec, value.toFixed(Math.min(precision ?? 6, 100))), true);
    case 'e':
      return pad(
        spec,
        signed(spec, twoDigitExponent(value.toExponential(Math.min(precision ?? 6, 100)))),
        true,
      );
    case 'g':
      return pad(spec, signed(spec, formatGeneral(value, precision)), true);
    case 'c':
    case 'q':
    case 'U':
      return isCodePoint(value) ? pad(spec, formatCharacter(verb, value), false) : undefined;
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

/** Fills up to the width: with zeros after the sign of a number for the flag `0`. */
function pad({ flags, width = 0, precision, verb }: Spec, text: string, numeric: boolean): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  const zeros = flags.includes('0') && !(numeric && verb in BASES && precision !== undefined);
  if (!zeros) return ' '.repeat(missing) + text;
  const sign = numeric && /^[-+ ]/.test(text) ? text.charAt(0) : '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

/** Text as a Go string literal: `%q` (Go strconv.Quote). */
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
