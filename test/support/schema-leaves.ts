import { z } from 'zod';

/**
 * Lists the paths of all schema keys that have a value rather than further keys, such as `install.device` or
 * `users.*.name`. `*` stands for the items of a list and the entries of a free-form map.
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
  if (schema instanceof z.ZodPipe) {
    // A short form is expanded before the mapping is validated.
    const described = schema.in instanceof z.ZodTransform ? schema.out : schema.in;
    return [{ schema: described, step: [] }];
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return [{ schema: schema.unwrap(), step: [] }];
  }
  return [];
}

/** Whether a leaf represents only the values of a list or of a free-form map. */
function isItem(leaf: string, path: readonly string[]): boolean {
  const rest = leaf.slice(path.join('.').length + 1);
  return rest === '*' || rest === '*.*';
}
