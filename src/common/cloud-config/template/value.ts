/** A list in a template; Go's `[]interface{}`. */
export type List = readonly Value[];
/** A map in a template; Go's `map[string]interface{}`. Not an object, so that no key reaches a prototype. */
export type Dict = Map<string, Value>;
/**
 * A value in a template (Go text/template, "Arguments"). `null` is nil; `undefined` is Go's invalid value, which a missing
 * key of a map yields. Integers and floating-point numbers are one type.
 */
export type Value = undefined | null | boolean | number | string | Date | List | Dict;

/** Whether a value is a list. */
export function isList(value: unknown): value is List {
  return Array.isArray(value);
}

/** Whether a value is a map. */
export function isDict(value: unknown): value is Dict {
  return value instanceof Map;
}

/** Copies data into template values; data that a template cannot hold, such as a function, becomes nil. */
export function toValue(data: unknown): Value {
  if (data === undefined || data === null) return null;
  if (typeof data === 'bigint') return Number(data);
  if (typeof data === 'string' || typeof data === 'number' || typeof data === 'boolean') return data;
  if (data instanceof Date) return data;
  if (Array.isArray(data)) return data.map(toValue);
  if (data instanceof Map) return new Map([...data].map(([key, value]) => [String(key), toValue(value)]));
  if (typeof data !== 'object') return null;
  return new Map(Object.entries(data).map(([key, value]) => [key, toValue(value)]));
}

/** The kind of a value, as named by Go's `reflect`. */
export function kindOf(value: Value): string {
  if (value === undefined || value === null) return 'invalid';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'string') return 'string';
  if (value instanceof Date) return 'struct';
  return isList(value) ? 'slice' : 'map';
}

const TYPES: Readonly<Record<string, string>> = {
  invalid: '<nil>',
  struct: 'time.Time',
  slice: '[]interface {}',
  map: 'map[string]interface {}',
};

/** The type of a value, as Go prints it with `%T`. */
export function typeOf(value: Value): string {
  const kind = kindOf(value);
  return TYPES[kind] ?? kind;
}

/** Whether a condition holds: not for zero, empty values and nil (Go text/template, "Actions"). */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isDict(value)) return value.size > 0;
  return value instanceof Date || Boolean(value);
}

/** Compares text by its UTF-8 bytes, as Go does. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The keys of a map in sorted order, in which Go prints and iterates over maps. */
export function sortedKeys(dict: Dict): string[] {
  return [...dict.keys()].sort(compareText);
}
