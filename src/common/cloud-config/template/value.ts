/** A list of a template; Go's `[]interface{}`. */
export type List = readonly Value[];
/** A map of a template; Go's `map[string]interface{}`. Not an object, so that no name reaches a prototype. */
export type Dict = Map<string, Value>;
/**
 * What a template computes with (Go text/template, "Arguments"). `null` is nil; `undefined` is Go's invalid value: a key
 * that a map does not have. Whole and other numbers are one type.
 */
export type Value = undefined | null | boolean | number | string | Date | List | Dict;

/** Whether it is a list. */
export function isList(value: unknown): value is List {
  return Array.isArray(value);
}

/** Whether it is a map. */
export function isDict(value: unknown): value is Dict {
  return value instanceof Map;
}

/** Copies data of the program into values of a template; what a template cannot hold, such as a function, becomes nil. */
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

/** The kind as Go's `reflect` names it. */
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

/** The type as Go prints it with `%T`. */
export function typeOf(value: Value): string {
  const kind = kindOf(value);
  return TYPES[kind] ?? kind;
}

/** Truth of a condition: false for what is zero, empty or nil (Go text/template, "Actions"). */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (isDict(value)) return value.size > 0;
  return value instanceof Date || Boolean(value);
}

/** The order of Go's strings, by bytes of UTF-8, which is that of code points. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Keys of a map, sorted: the order in which Go prints and walks maps. */
export function sortedKeys(dict: Dict): string[] {
  return [...dict.keys()].sort(compareText);
}
