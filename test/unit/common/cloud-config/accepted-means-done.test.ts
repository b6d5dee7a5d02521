import { expect, test } from 'vitest';
import { CloudConfig } from '../../../../src/common/cloud-config/schema.ts';
import { UNSUPPORTED_KEYS } from '../../../../src/common/cloud-config/unsupported-keys.ts';
import { readKeys, readsKey } from '../../../support/key-readers.ts';
import { schemaLeaves } from '../../../support/schema-leaves.ts';
import { ALWAYS_DONE, KEY_READERS } from './key-readers.ts';

const LEAVES = schemaLeaves(CloudConfig);
const unsupported = UNSUPPORTED_KEYS.filter(({ when }) => when === undefined).map(({ path }) =>
  path.join('.'),
);
const readers = readKeys(KEY_READERS);

function isUnsupported(leaf: string): boolean {
  return unsupported.some((path) => leaf === path || leaf.startsWith(`${path}.`));
}

test('the dialect has more than 200 keys', () => expect(LEAVES.length).toBeGreaterThan(200));

test('each key of the schema is read, always in effect, or declared unsupported', () => {
  const known = new Set([...readers.map(({ leaf }) => leaf), ...Object.keys(ALWAYS_DONE)]);
  expect(LEAVES.filter((leaf) => !known.has(leaf) && !isUnsupported(leaf))).toEqual([]);
});

test('no key is both read and declared unsupported', () => {
  expect(readers.map(({ leaf }) => leaf).filter(isUnsupported)).toEqual([]);
});

test('the schema has every key of the tables', () => {
  const listed = [...readers.map(({ leaf }) => leaf), ...Object.keys(ALWAYS_DONE)];
  expect(listed.filter((leaf) => !LEAVES.includes(leaf))).toEqual([]);
  expect(
    unsupported.filter((path) => !LEAVES.some((leaf) => leaf === path || leaf.startsWith(`${path}.`))),
  ).toEqual([]);
});

test.each(readers)('$leaf is read by $file', ({ leaf, file }) => {
  expect(readsKey(file, leaf)).toBe(true);
});
