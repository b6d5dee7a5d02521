/** A value that differs between two documents. */
export interface ValueChange {
  /** Keys and indexes, joined with dots. */
  readonly key: string;
  /** Absent when it was added. */
  readonly before?: unknown;
  /** Absent when it was removed. */
  readonly after?: unknown;
}

/** Lists the innermost values in which two JSON values differ, sorted by key. @param key path of the values, for nested calls */
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
