import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cloudConfigJsonSchema, type JsonSchema } from '../../../../src/common/cloud-config/json-schema.ts';
import { cloudConfigReference } from '../../../../src/common/cloud-config/key-reference.ts';
import { parseCloudConfig } from '../../../../src/common/cloud-config/parse.ts';
import { CloudConfig } from '../../../../src/common/cloud-config/schema.ts';
import { validateCloudConfig } from '../../../../src/common/cloud-config/validate.ts';

const docs = (name: string) => readFileSync(join(import.meta.dirname, '../../../../docs', name), 'utf8');
const schema = cloudConfigJsonSchema();

// When these fail: npm run docs
test('docs/cloud-config.md matches the schema', () => {
  expect(docs('cloud-config.md')).toBe(cloudConfigReference(schema));
});

test('docs/cloud-config.schema.json matches the schema', () => {
  expect(JSON.parse(docs('cloud-config.schema.json'))).toEqual(schema);
});

test('the JSON Schema is draft 2020-12, has every key and accepts unknown ones', () => {
  expect(schema).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    additionalProperties: {},
  });
  expect(Object.keys(schema.properties ?? {})).toEqual(Object.keys(CloudConfig.shape));
  expect(cloudConfigJsonSchema('v1.2.3').$id).toBe('urn:kairos:cloud-config:v1.2.3');
});

test('every top-level key has a description', () => {
  const silent = Object.entries(schema.properties ?? {}).filter(
    ([, { description }]: [string, JsonSchema]) => !description,
  );
  expect(silent.map(([key]) => key)).toEqual([]);
});

test('the examples on the page are valid', () => {
  const examples = [...docs('cloud-config.md').matchAll(/^```yaml\n(.*?)^```$/gms)].map(
    ([, text = '']) => text,
  );
  expect(examples.length).toBeGreaterThan(0);
  for (const text of examples)
    expect(validateCloudConfig(parseCloudConfig('example', text), { strict: true })).toEqual([]);
});

test('the page has nested keys and the stages', () => {
  const page = docs('cloud-config.md');
  for (const key of ['install', 'partitions.oem.size', 'extra-partitions[].name', 'files[].path'])
    expect(page).toContain(`\`${key}\``);
  expect(page).toContain('- `after-upgrade-chroot`');
});
