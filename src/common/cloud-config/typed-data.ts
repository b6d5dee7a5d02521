import { z } from 'zod';
import type { Problem } from './problems.ts';
import { Permissions } from './step-schema.ts';

/** Data as YAML reads it, beside the same data with the source text of each scalar that is not text. */
export interface WrittenData {
  readonly data: unknown;
  readonly texts: unknown;
}

/** Data in the types of a schema. */
export interface TypedData {
  readonly data: unknown;
  /** Scalars that became text although the schema expects nothing but text, and modes that are not read as octal. */
  readonly retyped: readonly Problem[];
}

/** The words for truth values of YAML 1.1, which Go's yaml.v3 accepts for fields of that type. */
const TRUTH = new Map([
  ...['y', 'yes', 'on'].map((word) => [word, true]),
  ...['n', 'no', 'off'].map((word) => [word, false]),
] as [string, boolean][]);

/**
 * Converts scalars to the types of a schema, as Go's yaml.v3 does for the fields of a structure: where text is expected, the
 * source text counts, so that the password `012345` keeps its zero; where true or false is expected, `yes` and `off` do.
 */
export function typedData(schema: unknown, { data, texts }: WrittenData): TypedData {
  const retyped: Problem[] = [];
  return { data: typed(schema, { data, texts, path: [] }, retyped), retyped };
}

interface Place extends WrittenData {
  readonly path: readonly PropertyKey[];
}

function typed(schema: unknown, place: Place, retyped: Problem[]): unknown {
  const { data, path } = place;
  if (data === null || data === undefined) return data;
  const kinds = optionsOf(schema);
  if (Array.isArray(data)) {
    const list = kinds.find((kind) => kind instanceof z.ZodArray);
    return list ? data.map((_, index) => typed(list.element, child(place, index), retyped)) : data;
  }
  if (typeof data === 'object') return typedMap(kinds, place, retyped);
  if (typeof data === 'string') {
    const truth = kinds.length === 1 && kinds[0] instanceof z.ZodBoolean;
    return truth ? (TRUTH.get(data.toLowerCase()) ?? data) : data;
  }
  if (isMode(schema)) {
    const problem = decimalMode(place);
    if (problem !== undefined) retyped.push(problem);
    return data;
  }
  if (!kinds.some((kind) => kind instanceof z.ZodString)) return data;
  const { texts } = place;
  const text = typeof texts === 'string' ? texts : String(data);
  if (!kinds.some(takesScalars)) {
    const message = `${path.map(String).join('.')}: ${text} is read as text; put it in quotes`;
    retyped.push({ path, message });
  }
  return text;
}

function typedMap(kinds: readonly unknown[], place: Place, retyped: Problem[]): unknown {
  const entries = Object.entries(place.data as object);
  const convert = (valueSchema: (key: string) => unknown) =>
    Object.fromEntries(
      entries.map(([key]) => [key, typed(valueSchema(key), child(place, key), retyped)] as const),
    );
  const map = kinds.find((kind) => kind instanceof z.ZodObject);
  if (map) {
    const shape: Readonly<Record<string, unknown>> = map.shape;
    return convert((key) => (Object.hasOwn(shape, key) ? shape[key] : undefined));
  }
  const record = kinds.find((kind) => kind instanceof z.ZodRecord);
  return record ? convert(() => record.valueType) : place.data;
}

/** A mode is a number when it is written as one: `0644` is octal. */
function isMode(schema: unknown): boolean {
  return (schema instanceof z.ZodOptional ? schema.unwrap() : schema) === Permissions;
}

/** A mode whose digits are octal, but which YAML reads as a decimal number, because it does not begin with a zero. */
function decimalMode({ data, texts, path }: Place): Problem | undefined {
  const text = String(texts);
  if (typeof data !== 'number' || !/^[1-7][0-7]{2,3}$/.test(text)) return undefined;
  const message = `${path.map(String).join('.')}: ${text} is a decimal number, which is the mode 0${data.toString(8)}; write 0${text}`;
  return { path, message };
}

/** The alternatives of a schema. */
function optionsOf(schema: unknown): unknown[] {
  if (schema instanceof z.ZodOptional) return optionsOf(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(optionsOf);
  return [schema];
}

function takesScalars(kind: unknown): boolean {
  return kind instanceof z.ZodNumber || kind instanceof z.ZodBoolean;
}

function child({ data, texts, path }: Place, key: string | number): Place {
  const inner = (container: unknown) =>
    typeof container === 'object' && container !== null && Object.hasOwn(container, key)
      ? (container as Record<PropertyKey, unknown>)[key]
      : undefined;
  return { data: inner(data), texts: inner(texts), path: [...path, key] };
}
