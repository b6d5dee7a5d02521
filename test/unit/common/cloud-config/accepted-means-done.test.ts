import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CloudConfig } from '../../../../src/common/cloud-config/schema.ts';
import { UNSUPPORTED_KEYS } from '../../../../src/common/cloud-config/unsupported-keys.ts';
import { schemaLeaves } from '../../../support/schema-leaves.ts';
import { ALWAYS_DONE, KEY_READERS } from './key-readers.ts';

const SOURCES = join(import.meta.dirname, '../../../../src');
const LEAVES = schemaLeaves(CloudConfig);
const unsupported = UNSUPPORTED_KEYS.filter(({ when }) => when === undefined).map(({ path }) =>
  path.join('.'),
);
const readers = KEY_READERS.flatMap(({ below, keys, file }) =>
  keys.map((key) => ({ leaf: [below, key].filter(Boolean).join('.'), file })),
);

function isUnsupported(leaf: string): boolean {
  return unsupported.some((path) => leaf === path || leaf.startsWith(`${path}.`));
}

/** The text of a source file without comments, in which a key could be mentioned and not read. */
function code(file: string): string {
  return readFileSync(join(SOURCES, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
}

test('there are as many keys as the dialect has', () => expect(LEAVES.length).toBeGreaterThan(200));

test('each key of the schema is read, always done, or declared unsupported', () => {
  const known = new Set([...readers.map(({ leaf }) => leaf), ...Object.keys(ALWAYS_DONE)]);
  expect(LEAVES.filter((leaf) => !known.has(leaf) && !isUnsupported(leaf))).toEqual([]);
});

test('no key is both read and declared unsupported', () => {
  expect(readers.map(({ leaf }) => leaf).filter(isUnsupported)).toEqual([]);
});

test('the tables have no key that the schema lacks', () => {
  const listed = [...readers.map(({ leaf }) => leaf), ...Object.keys(ALWAYS_DONE)];
  expect(listed.filter((leaf) => !LEAVES.includes(leaf))).toEqual([]);
  expect(
    unsupported.filter((path) => !LEAVES.some((leaf) => leaf === path || leaf.startsWith(`${path}.`))),
  ).toEqual([]);
});

test.each(readers)('$leaf is read by $file', ({ leaf, file }) => {
  const key = leaf.split('.').findLast((part) => part !== '*') ?? '';
  expect(code(file)).toMatch(new RegExp(`(?<![\\w-])${key}(?![\\w-])`));
});
