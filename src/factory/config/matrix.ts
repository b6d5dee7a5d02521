import { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** A target of a build: the keys that it adds to, or overrides in, those that all targets share. */
export interface Variation {
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Path in the file of the value of each key. */
  readonly places: Readonly<Record<string, readonly PropertyKey[]>>;
  /** Path in the file of the target. */
  readonly place: readonly PropertyKey[];
}

/** A name of a target, which is also the name of its output directory. */
const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'is not a valid name: use letters, digits, and . _ + -');
const Values = z.looseObject({ name: Name.optional() });

/** The keys that define several targets. */
export const MatrixKeys = z.object({
  matrix: z
    .object({ include: z.array(Values).default([]), exclude: z.array(z.looseObject({})).default([]) })
    .catchall(z.array(z.unknown()).min(1))
    .optional(),
  targets: z.array(Values).min(1).optional(),
});
type MatrixKeys = z.output<typeof MatrixKeys>;

type Cell = Omit<Variation, 'name'> & { readonly name?: string | undefined };

/**
 * Expands the targets of a configuration, in the order of the file: the product of the matrix without the cells that `exclude`
 * matches, then `include`, then `targets`. As in common CI systems, an entry of `include` whose matrix values match existing
 * cells adds its other values to them; otherwise it is a new cell.
 * @param locate formats the position of a path in the file, for messages
 * @returns `undefined` when the configuration has a single target
 * @throws FactoryError `usage` for duplicate names, and an `exclude` that matches nothing
 */
export function expandMatrix(
  { matrix, targets }: MatrixKeys,
  locate: (path: readonly PropertyKey[]) => string,
): Variation[] | undefined {
  if (matrix === undefined && targets === undefined) return undefined;
  const cells = matrix === undefined ? [] : matrixCells(matrix, locate);
  const all: Variation[] = [
    ...cells,
    ...(targets ?? []).map((target, index) => cellOf(target, ['targets', index])),
  ].map((cell) => ({ ...cell, name: cell.name ?? nameOf(cell.values) }));
  const names = new Map<string, Variation>();
  for (const target of all) {
    if (target.name === '') {
      throw new FactoryError(
        'CONFIG_INVALID',
        `${locate(target.place)}: a target has neither values nor a name`,
        {
          remedy: 'Add a name, or remove the target.',
        },
      );
    }
    // Some file systems are not case-sensitive.
    const twin = names.get(target.name.toLowerCase());
    if (twin !== undefined) {
      throw new FactoryError(
        'TARGET_CONFLICT',
        `${locate(target.place)}: another target has the name ${target.name}`,
        {
          details: [`the other is at ${locate(twin.place)}`],
          remedy: 'Rename one of them: name: NAME.',
        },
      );
    }
    names.set(target.name.toLowerCase(), target);
  }
  if (all.length === 0) {
    throw new FactoryError('TARGET_UNKNOWN', `${locate(['matrix'])}: the matrix has no targets`, {
      remedy: 'Remove an entry of exclude.',
    });
  }
  return all;
}

/**
 * Selects the targets that match patterns: `*` matches any text, `?` any character.
 * @throws FactoryError `usage` for a pattern that no target matches
 */
export function selectTargets<T extends { readonly name: string }>(
  targets: readonly T[],
  patterns: readonly string[],
): T[] {
  const wanted = new Set<T>();
  for (const pattern of patterns) {
    const expression = new RegExp(
      `^${pattern
        .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    );
    const found = targets.filter(({ name }) => expression.test(name));
    if (found.length === 0) {
      throw new FactoryError('TARGET_UNKNOWN', `--only: no target matches "${pattern}"`, {
        remedy: `The targets are: ${targets.map(({ name }) => name).join(', ')}.`,
      });
    }
    for (const target of found) wanted.add(target);
  }
  return targets.filter((target) => wanted.has(target));
}

function matrixCells(
  { include, exclude, ...rest }: NonNullable<MatrixKeys['matrix']>,
  locate: (path: readonly PropertyKey[]) => string,
): Cell[] {
  const axes = Object.entries(rest) as [string, readonly unknown[]][];
  const start: Cell[] = axes.length === 0 ? [] : [{ values: {}, places: {}, place: ['matrix'] }];
  const product = axes.reduce(
    (cells, [key, values]) =>
      cells.flatMap((cell) =>
        values.map((value, index) => extend(cell, { [key]: value }, () => ['matrix', key, index])),
      ),
    start,
  );
  exclude.forEach((pattern, index) => {
    if (product.some(({ values }) => fits(values, pattern))) return;
    throw new FactoryError(
      'CONFIG_INVALID',
      `${locate(['matrix', 'exclude', index])}: no cell of the matrix matches this`,
      {
        remedy: 'Use the exact values of the matrix, or remove the entry.',
      },
    );
  });
  let cells = product.filter(({ values }) => !exclude.some((pattern) => fits(values, pattern)));
  const known = new Set(axes.map(([key]) => key));
  include.forEach((entry, index) => {
    const place = ['matrix', 'include', index];
    const own = cellOf(entry, place);
    const fixed = Object.fromEntries(Object.entries(own.values).filter(([key]) => known.has(key)));
    const fitting = cells.filter((cell) => cell.place[1] !== 'include' && fits(cell.values, fixed));
    const isNew = fitting.length === 0 || own.name !== undefined;
    cells = isNew
      ? [...cells, own]
      : cells.map((cell) =>
          fitting.includes(cell) ? extend(cell, own.values, (key) => [...place, key]) : cell,
        );
  });
  return cells;
}

function cellOf({ name, ...values }: z.output<typeof Values>, place: readonly PropertyKey[]): Cell {
  return extend({ name, values: {}, places: {}, place }, values, (key) => [...place, key]);
}

function extend(
  cell: Cell,
  values: Readonly<Record<string, unknown>>,
  placeOf: (key: string) => readonly PropertyKey[],
): Cell {
  const places = Object.fromEntries(Object.keys(values).map((key) => [key, placeOf(key)]));
  return { ...cell, values: { ...cell.values, ...values }, places: { ...cell.places, ...places } };
}

function fits(
  values: Readonly<Record<string, unknown>>,
  pattern: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(pattern).every(
    ([key, value]) => JSON.stringify(values[key]) === JSON.stringify(value),
  );
}

/** Derives a name from values: `bootstrap-bookworm-k3s-v1.34.1+k3s1`. The value null becomes `no-KEY`. */
function nameOf(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([key, value]) => wordOf(key, value))
    .join('-');
}

function wordOf(key: string, value: unknown): string {
  if (value === null) return `no-${key}`;
  if (Array.isArray(value)) return value.map((item) => wordOf(key, item)).join('_');
  if (typeof value === 'object') {
    const words = Object.entries(value as object).map(([name, item]) => wordOf(name, item));
    return words.join('-');
  }
  const word = String(value)
    .replaceAll(/[^A-Za-z0-9._+]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .replace(/-+$/, '');
  return word === '' || typeof value === 'boolean' ? `${key}-${word || 'none'}` : word;
}
