import { z } from 'zod';
import { CloudConfig } from './schema.ts';

/** A JSON Schema, as far as the generator of the reference reads it. */
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
 * The dialect as JSON Schema, draft 2020-12 (docs/contract.md 4.10).
 * @param version of the OS or tool that prints it, for `$id`
 */
export function cloudConfigJsonSchema(version?: string): JsonSchema {
  const schema = z.toJSONSchema(CloudConfig, {
    io: 'input',
    override: ({ jsonSchema }) => {
      // Zod bounds whole numbers by what JavaScript can hold, which is no rule of the dialect.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return {
    ...(version === undefined ? {} : { $id: `urn:kairos:cloud-config:${version}` }),
    ...(schema as JsonSchema),
  };
}
