import { z } from 'zod';

type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema as `openAPIV3Schema` of a CustomResourceDefinition takes it. */
export type StructuralSchema = Readonly<Record<string, unknown>>;

/** Keywords that mean the same in both languages. `x-kubernetes-…` of `.meta()` are kept, too. */
const SAME: ReadonlySet<string> = new Set([
  ...['description', 'title', 'default', 'enum', 'format', 'nullable', 'pattern', 'minLength', 'maxLength'],
  ...[
    'minimum',
    'maximum',
    'multipleOf',
    'minItems',
    'maxItems',
    'minProperties',
    'maxProperties',
    'required',
  ],
]);
/** Keywords that say nothing about values, or that zod adds to every schema of their kind. */
const SILENT: ReadonlySet<string> = new Set(['$schema', '$id', 'id', 'examples', 'readOnly', 'deprecated']);
/** Keywords that this module translates. */
const TRANSLATED: ReadonlySet<string> = new Set([
  ...['type', 'properties', 'additionalProperties', 'propertyNames', 'items', 'const', 'anyOf', 'allOf'],
  ...['exclusiveMinimum', 'exclusiveMaximum'],
]);

/**
 * Translates a schema to the structural schemas of Kubernetes, in which every value has one type, and fields that are not named are
 * refused by strict field validation (what `kubectl` asks for) and dropped without it. Rules of zod's `refine` are not in it: give
 * them as CEL in `.meta({ 'x-kubernetes-validations': [{ rule, message }] })`.
 *
 * An object without declared fields of its own (`z.looseObject`, `z.unknown`) keeps what is in it
 * (`x-kubernetes-preserve-unknown-fields`). A union of an integer and text becomes `x-kubernetes-int-or-string`.
 * @throws RangeError for what a structural schema cannot say, with the place
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return structural(z.toJSONSchema(schema, { io: 'input', reused: 'inline' }), 'schema');
}

function structural(schema: JsonSchema, at: string): StructuralSchema {
  for (const keyword of Object.keys(schema)) requireKnown(keyword, at);
  requireGoPattern(schema, at);
  const union = schema['anyOf'];
  if (Array.isArray(union)) return structuralUnion(schema, union, at);
  const types = typesOf(schema);
  if (types.includes('null'))
    return nullable({ ...schema, type: types.filter((type) => type !== 'null') }, at);
  const kept = keep(schema);
  if (types.length === 0) return { ...kept, 'x-kubernetes-preserve-unknown-fields': true };
  const [type, ...others] = types;
  if (others.length > 0) {
    if (types.every((each) => each === 'integer' || each === 'string'))
      return { ...kept, 'x-kubernetes-int-or-string': true };
    throw impossible(`values of several types (${types.join(', ')})`, at);
  }
  const format = type === 'integer' ? { format: 'int64' } : {};
  return { type, ...format, ...kept, ...openLimits(schema, type), ...content(schema, { type, at }) };
}

function requireKnown(keyword: string, at: string): void {
  const isKnown = [SAME, SILENT, TRANSLATED].some((known) => known.has(keyword));
  if (!isKnown && !keyword.startsWith('x-kubernetes-')) throw impossible(`"${keyword}"`, at);
}

/** The API server's regular expressions are those of Go, which have neither assertions around a place nor back references. */
function requireGoPattern({ pattern }: JsonSchema, at: string): void {
  if (typeof pattern === 'string' && /\(\?<?[=!]|\\[1-9]|\\k</.test(pattern))
    throw impossible(`the pattern ${pattern}`, at);
}

function impossible(what: string, at: string): RangeError {
  return new RangeError(`${at}: a structural schema cannot have ${what}`);
}

function typesOf({ type }: JsonSchema): readonly unknown[] {
  return type === undefined ? [] : [type].flat();
}

function nullable(schema: JsonSchema, at: string): StructuralSchema {
  return { ...structural(schema, at), nullable: true };
}

function keep(schema: JsonSchema): Record<string, unknown> {
  const kept = Object.entries(schema).filter(
    ([keyword, value]) => (SAME.has(keyword) || keyword.startsWith('x-kubernetes-')) && !isNoLimit(value),
  );
  return { ...Object.fromEntries(kept), ...('const' in schema && { enum: [schema['const']] }) };
}

/** zod limits every integer to what a double holds exactly, and says so. */
function isNoLimit(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) === Number.MAX_SAFE_INTEGER;
}

/** Open limits: their keywords are flags in OpenAPI 3.0. */
function openLimits(schema: JsonSchema, type: unknown): Record<string, unknown> {
  const { exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  const isInteger = type === 'integer';
  const step = isInteger ? 1 : 0;
  return {
    ...(typeof above === 'number' && {
      minimum: above + step,
      ...(!isInteger && { exclusiveMinimum: true }),
    }),
    ...(typeof below === 'number' && {
      maximum: below - step,
      ...(!isInteger && { exclusiveMaximum: true }),
    }),
  };
}

/** What is in an object or in a list. */
function content(schema: JsonSchema, { type, at }: { type: unknown; at: string }): Record<string, unknown> {
  const { allOf } = schema;
  const all = Array.isArray(allOf) ? { allOf: allOf.map((part) => keep(part as JsonSchema)) } : {};
  if (type === 'array') {
    const { items } = schema;
    if (!isSchema(items)) throw impossible('a list whose items have no schema', at);
    return { ...all, items: structural(items, `${at}[]`) };
  }
  return type === 'object' ? { ...all, ...objectContent(schema, at) } : all;
}

function objectContent(schema: JsonSchema, at: string): Record<string, unknown> {
  const { properties, additionalProperties: others, propertyNames } = schema;
  const named = Object.entries((properties ?? {}) as Record<string, JsonSchema>);
  const fields = Object.fromEntries(named.map(([name, field]) => [name, structural(field, `${at}.${name}`)]));
  const declared = named.length > 0 ? { properties: fields } : {};
  if (isSchema(propertyNames) && Object.keys(propertyNames).some((keyword) => keyword !== 'type'))
    throw impossible('rules for names of fields', at);
  if (!isSchema(others)) return declared;
  if (Object.keys(others).length === 0) return { ...declared, 'x-kubernetes-preserve-unknown-fields': true };
  if (named.length > 0) throw impossible('both named fields and a schema for all others', at);
  return { additionalProperties: structural(others, `${at}.*`) };
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `null` or something; an integer or texts of several forms. */
function structuralUnion(schema: JsonSchema, union: readonly JsonSchema[], at: string): StructuralSchema {
  const { anyOf: _, ...rest } = schema;
  const members = union.filter(({ type }) => type !== 'null');
  const [only, ...more] = members;
  if (members.length < union.length && only !== undefined && more.length === 0)
    return nullable({ ...only, ...rest }, at);
  const isNullable = members.length < union.length ? { nullable: true } : {};
  const integers = members.filter(({ type }) => type === 'integer');
  const texts = members.filter(({ type }) => type === 'string');
  if (integers.length > 1 || integers.length + texts.length < members.length)
    throw impossible('alternatives other than one integer and texts', at);
  const merged = { ...keep(rest), ...isNullable, ...mergedTexts(texts) };
  const [integer] = integers;
  if (integer === undefined) return { ...merged, type: 'string' };
  return {
    ...merged,
    ...keep(integer),
    ...openLimits(integer, 'integer'),
    'x-kubernetes-int-or-string': true,
  };
}

/** One pattern for texts of several forms: none when one of them may have any. */
function mergedTexts(texts: readonly JsonSchema[]): Record<string, unknown> {
  const patterns = texts.map(patternOf);
  const lengths = texts.map(({ maxLength }) => maxLength).filter((length) => typeof length === 'number');
  return {
    ...(texts.length > 0 &&
      patterns.every((pattern) => pattern !== undefined) && {
        pattern: patterns.map((pattern) => `(?:${pattern})`).join('|'),
      }),
    ...(lengths.length === texts.length && texts.length > 0 && { maxLength: Math.max(...lengths) }),
  };
}

function patternOf(schema: JsonSchema): string | undefined {
  const { pattern, enum: values = 'const' in schema ? [schema['const']] : undefined } = schema;
  if (Array.isArray(values)) return `^(?:${values.map((value) => escapePattern(String(value))).join('|')})$`;
  return typeof pattern === 'string' ? pattern : undefined;
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
