import { z } from 'zod';

/** Factors of the units of a size, in MiB. As in QEMU, LVM and systemd, a letter alone is a power of 1024. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  m: 1,
  mib: 1,
  g: 1024,
  gib: 1024,
  t: 1024 * 1024,
  tib: 1024 * 1024,
};

/** Parses a size such as `64`, `64MiB` or `1.5G`. @returns MiB; `undefined` for another form, or for parts of a MiB */
export function parseMebibytes(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined;
  if (number === undefined || factor === undefined) return undefined;
  const size = Number(number) * factor;
  return Number.isInteger(size) ? size : undefined;
}

/** The schema of a size in MiB: a number, or text with a unit. */
export function mebibytes({ min, max }: { readonly min: number; readonly max: number }) {
  return z.preprocess((value, context) => {
    if (typeof value !== 'string') return value;
    const size = parseMebibytes(value);
    if (size !== undefined) return size;
    context.addIssue('is not a whole number of MiB: write, for example, 64, 64MiB or 1GiB');
    return min;
  }, z.int().min(min).max(max));
}
