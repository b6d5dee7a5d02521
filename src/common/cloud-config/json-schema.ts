import { z } from 'zod';
import { CloudConfig } from './schema.ts';
import { UNSUPPORTED_KEYS, type UnsupportedKey } from './unsupported-keys.ts';

/** The subset of JSON Schema that the reference generator reads. */
export interface JsonSchema {
  readonly $id?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | false;
  readonly required?: readonly string[];
}

/**
 * Returns the cloud-config schema as JSON Schema, draft 2020-12 (docs/contract.md 4.10).
 * @param version of the OS or tool that prints it, for `$id`
 */
export function cloudConfigJsonSchema(version?: string): JsonSchema {
  const schema = z.toJSONSchema(CloudConfig, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // Zod limits integers to JavaScript's safe range; the dialect has no such limit.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return {
    ...(version === undefined ? {} : { $id: `urn:kairos:cloud-config:${version}` }),
    ...UNSUPPORTED_KEYS.reduce(markUnsupported, schema as JsonSchema),
  };
}

/** Editors show the description and strike through deprecated keys. */
function markUnsupported(
  schema: JsonSchema,
  { path, reason, alternative, when }: UnsupportedKey,
): JsonSchema {
  if (when !== undefined) return schema;
  return changeKey(schema, path, (key) => ({
    ...key,
    description: `Not supported: ${reason}; ${alternative}.`,
    deprecated: true,
  }));
}

/**
 * Returns a copy of a schema in which the key at a path is changed; `*` in the path matches the items of a list.
 * @param change returns the new schema of the key; `undefined` removes the key
 */
export function changeKey(
  schema: JsonSchema,
  [key, ...rest]: readonly string[],
  change: (key: JsonSchema) => JsonSchema | undefined,
): JsonSchema {
  if (key === undefined) return schema;
  if (key === '*') return schema.items ? { ...schema, items: changeKey(schema.items, rest, change) } : schema;
  const { [key]: inner, ...others } = schema.properties ?? {};
  if (inner === undefined) return schema;
  const changed = rest.length > 0 ? changeKey(inner, rest, change) : change(inner);
  return { ...schema, properties: changed ? { ...schema.properties, [key]: changed } : others };
}
