import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { NodeOpSpec, NodeOpUpgradeSpec } from '../../../../src/factory/node-operations/schema.ts';
import { PROJECT } from '../../../support/factory.ts';

const PAGE = readFileSync(join(PROJECT, 'docs/node-operations.md'), 'utf8');

test('the examples are objects of these kinds', () => {
  const examples = [...PAGE.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => parse(text));
  expect(examples.map(({ kind }) => kind)).toEqual(['NodeOpUpgrade', 'NodeOp']);
  for (const { kind, spec } of examples) {
    const schema = kind === 'NodeOp' ? NodeOpSpec : NodeOpUpgradeSpec;
    expect(schema.safeParse(spec).error?.issues ?? []).toEqual([]);
  }
});

test('every field has a line', () => {
  const named = new Set([...PAGE.matchAll(/`([A-Za-z.]+)`/g)].map(([, name = '']) => name.split('.')[0]));
  const fields = [...Object.keys(NodeOpSpec.shape), ...Object.keys(NodeOpUpgradeSpec.shape)];
  expect(fields.filter((name) => !named.has(name))).toEqual([]);
});
