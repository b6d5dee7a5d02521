import { fixed, type TemplateFunction, variadic } from '../function.ts';
import { number, text, whole } from '../param.ts';

/** A decimal number: `digits` times ten to the power of `-scale`. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** Digits that a quotient gets at most (github.com/shopspring/decimal, DivisionPrecision). */
const QUOTIENT_SCALE = 16;

/** Sprig, "Float Math Functions": calculated in decimal numbers, so that 0.1 + 0.2 is 0.3. */
export const DECIMAL_FUNCTIONS: readonly TemplateFunction[] = [
  variadic('addf', 'sum of numbers', [], number, (_, values) =>
    calculated(0, values, (a, b) => aligned(a, b, (x, y) => x + y)),
  ),
  fixed('add1f', 'the number plus one', [number], ([value]) =>
    calculated(value, [1], (a, b) => aligned(a, b, (x, y) => x + y)),
  ),
  variadic('subf', 'the first number minus the others', [number], number, ([first], rest) =>
    calculated(first, rest, (a, b) => aligned(a, b, (x, y) => x - y)),
  ),
  variadic('mulf', 'product of numbers', [number], number, ([first], rest) =>
    calculated(first, rest, (a, b) => ({ digits: a.digits * b.digits, scale: a.scale + b.scale })),
  ),
  variadic('divf', 'the first number divided by the others', [number], number, ([first], rest, { fail }) =>
    rest.includes(0) ? fail('division by zero') : calculated(first, rest, quotient),
  ),
  variadic('maxf', 'largest of the numbers', [number], number, ([first], rest) => Math.max(first, ...rest)),
  variadic('minf', 'smallest of the numbers', [number], number, ([first], rest) => Math.min(first, ...rest)),
  variadic('biggest', 'the same as max', [whole], whole, ([first], rest) => Math.max(first, ...rest)),
  fixed('toDecimal', 'the value, read as an octal number, or 0 if it is not one', [text], ([value]) =>
    /^[+-]?[0-7]+$/.test(value) ? Number.parseInt(value, 8) : 0,
  ),
];

type Operation = (a: Decimal, b: Decimal) => Decimal;

function calculated(first: number, rest: readonly number[], operation: Operation): number {
  const { digits, scale } = rest.map(decimalOf).reduce(operation, decimalOf(first));
  return Number(`${digits}e${-scale}`);
}

function decimalOf(value: number): Decimal {
  const [, sign = '', units = '0', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  const scale = fraction.length - Number(power);
  const digits = BigInt(`${sign}${units}${fraction}`);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

function aligned(a: Decimal, b: Decimal, combine: (x: bigint, y: bigint) => bigint): Decimal {
  const scale = Math.max(a.scale, b.scale);
  const raised = (value: Decimal) => value.digits * 10n ** BigInt(scale - value.scale);
  return { digits: combine(raised(a), raised(b)), scale };
}

/** Rounded half away from zero. */
function quotient(a: Decimal, b: Decimal): Decimal {
  const dividend = a.digits * 10n ** BigInt(QUOTIENT_SCALE + b.scale) * 2n;
  const divisor = b.digits * 10n ** BigInt(a.scale);
  const doubled = dividend / divisor;
  const isNegative = dividend < 0n !== divisor < 0n;
  return { digits: (doubled + (isNegative ? -1n : 1n)) / 2n, scale: QUOTIENT_SCALE };
}
