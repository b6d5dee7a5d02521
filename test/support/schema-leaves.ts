import { z } from 'zod';

/**
 * Paths of all keys of a schema that hold a value and not further keys: `install.device`, `users.*.name`. `*` stands for
 * the items of a list and the entries of a free map.
 */
export function schemaLeaves(schema: unknown, path: readonly string[] = []): string[] {
  return [...new Set(leaves(schema, path))];
}

function leaves(schema: unknown, path: readonly string[]): string[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, inner]) => leaves(inner, [...path, key]));
  }
  const inner = innerSchemas(schema);
  const below = inner.flatMap(({ schema: option, step }) => leaves(option, [...path, ...step]));
  const keys = below.filter((leaf) => leaf !== path.join('.') && !isItem(leaf, path));
  return keys.length > 0 ? keys : [path.join('.')];
}

interface Inner {
  readonly schema: unknown;
  readonly step: readonly string[];
}

function innerSchemas(schema: unknown): Inner[] {
  if (schema instanceof z.ZodUnion) return schema.options.map((option) => ({ schema: option, step: [] }));
  if (schema instanceof z.ZodArray) return [{ schema: schema.element, step: ['*'] }];
  if (schema instanceof z.ZodRecord) return [{ schema: schema.valueType, step: ['*'] }];
  if (schema instanceof z.ZodPipe) return [{ schema: schema.in, step: [] }];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return [{ schema: schema.unwrap(), step: [] }];
  }
  return [];
}

/** Whether a leaf is only the values of a list or of a free map. */
function isItem(leaf: string, path: readonly string[]): boolean {
  const rest = leaf.slice(path.join('.').length + 1);
  return rest === '*' || rest === '*.*';
}
