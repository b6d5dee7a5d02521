import { expect, test } from 'vitest';
import { z } from 'zod';
import { structuralSchema } from '../../../../src/factory/kubernetes/structural-schema.ts';

test('translates objects, lists and maps', () => {
  const schema = z.strictObject({
    name: z.string().min(1).max(9).regex(/^a/).regex(/b$/),
    labels: z.record(z.string(), z.string()).optional(),
    steps: z.array(z.strictObject({ run: z.literal('it') })).max(3),
    size: z.int().positive().default(3),
    inner: z.strictObject({ flag: z.boolean().default(true) }).prefault({}),
    kind: z.enum(['a', 'b']).nullable(),
    share: z.number().gt(0).lt(1).optional(),
  });
  expect(structuralSchema(schema)).toEqual({
    type: 'object',
    required: ['name', 'steps', 'kind'],
    properties: {
      name: {
        ...{ type: 'string', minLength: 1, maxLength: 9 },
        allOf: [{ pattern: '^a' }, { pattern: 'b$' }],
      },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      steps: {
        ...{ type: 'array', maxItems: 3 },
        items: {
          type: 'object',
          required: ['run'],
          properties: { run: { type: 'string', enum: ['it'] } },
        },
      },
      size: { type: 'integer', format: 'int64', minimum: 1, default: 3 },
      inner: {
        ...{ type: 'object', default: {} },
        properties: { flag: { type: 'boolean', default: true } },
      },
      kind: { type: 'string', enum: ['a', 'b'], nullable: true },
      share: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: true },
    },
  });
});

test('keeps what is in objects of other owners', () => {
  const schema = z.strictObject({
    container: z.looseObject({ name: z.string() }),
    affinity: z.looseObject({}),
    anything: z.unknown().optional(),
  });
  expect(structuralSchema(schema)['properties']).toEqual({
    container: {
      ...{ type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
      'x-kubernetes-preserve-unknown-fields': true,
    },
    affinity: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    anything: { 'x-kubernetes-preserve-unknown-fields': true },
  });
});

test('translates counts and texts to one field', () => {
  const wave = z.union([z.int().min(1).max(9), z.string().regex(/^\d%$/).max(4), z.literal('r.st')]);
  expect(structuralSchema(wave)).toEqual({
    'x-kubernetes-int-or-string': true,
    ...{ minimum: 1, maximum: 9 },
    pattern: '(?:^\\d%$)|(?:^(?:r\\.st)$)',
  });
  expect(structuralSchema(z.union([z.literal('x'), z.enum(['y', 'z'])]))).toEqual({
    type: 'string',
    pattern: '(?:^(?:x)$)|(?:^(?:y|z)$)',
  });
  expect(structuralSchema(z.union([z.int(), z.string()]))).toEqual({ 'x-kubernetes-int-or-string': true });
});

test('keeps rules in CEL and descriptions', () => {
  const rules = [{ rule: 'size(self) > 0', message: 'is empty' }];
  const schema = z.array(z.string()).meta({ description: 'What to run.', 'x-kubernetes-validations': rules });
  expect(structuralSchema(schema)).toEqual({
    ...{ type: 'array', items: { type: 'string' }, description: 'What to run.' },
    'x-kubernetes-validations': rules,
  });
});

test.each([
  ['other alternatives', z.union([z.strictObject({}), z.boolean()]), /schema\.field: .* alternatives/],
  ['two integers', z.union([z.int(), z.int(), z.string()]), /alternatives/],
  ['several types', z.union([z.string(), z.boolean()]), /several types|alternatives/],
  ['names of fields', z.record(z.string().regex(/^a/), z.string()), /rules for names of fields/],
  ['named and other fields', z.object({ a: z.int() }).catchall(z.string()), /named fields/],
  ['tuples', z.tuple([z.int(), z.string()]), /"prefixItems"/],
  ['a look ahead', z.string().regex(/^(?!x)/), /the pattern/],
])('refuses %s', (_, field, message) => {
  expect(() => structuralSchema(z.strictObject({ field }))).toThrow(message);
});
