/** A value of two documents that is not the same in both. */
export interface ValueChange {
  /** Keys and indexes, with dots. */
  readonly key: string;
  /** Absent when it was added. */
  readonly before?: unknown;
  /** Absent when it was removed. */
  readonly after?: unknown;
}

/** Where two JSON values differ: the deepest places, in the order of keys. */
export function compareValues(before: unknown, after: unknown, key = ''): ValueChange[] {
  if (!isObject(before) || !isObject(after) || Array.isArray(before) !== Array.isArray(after)) {
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    return [{ key, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
  }
  const old = before as Record<string, unknown>;
  const now = after as Record<string, unknown>;
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  if (!Array.isArray(before)) keys.sort();
  return keys.flatMap((name) => compareValues(old[name], now[name], key === '' ? name : `${key}.${name}`));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
