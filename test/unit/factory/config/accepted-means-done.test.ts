import { describe, expect, test } from 'vitest';
import { Flavor } from '../../../../src/factory/catalog/flavors/schema.ts';
import { Model } from '../../../../src/factory/catalog/models/schema.ts';
import { MatrixKeys } from '../../../../src/factory/config/matrix.ts';
import { BuildConfiguration } from '../../../../src/factory/config/schema.ts';
import { type Reader, readKeys, readsKey } from '../../../support/key-readers.ts';
import { schemaLeaves } from '../../../support/schema-leaves.ts';
import {
  CONFIGURATION_READERS,
  FLAVOR_READERS,
  MATRIX_READERS,
  MODEL_READERS,
  ONLY_VALUE,
} from './key-readers.ts';

const SCHEMAS: readonly (readonly [name: string, schema: unknown, readers: readonly Reader[]])[] = [
  ['the configuration', BuildConfiguration, CONFIGURATION_READERS],
  ['several targets', MatrixKeys, MATRIX_READERS],
  ['a flavor', Flavor, FLAVOR_READERS],
  ['a board', Model, MODEL_READERS],
];

describe.each(SCHEMAS)('each key of %s', (_, schema, table) => {
  const leaves = schemaLeaves(schema);
  const readers = readKeys(table);

  test('has a reader, and each reader a key', () => {
    const listed = readers.map(({ leaf }) => leaf);
    expect(leaves.filter((leaf) => !listed.includes(leaf) && !(leaf in ONLY_VALUE))).toEqual([]);
    expect(listed.filter((leaf) => !leaves.includes(leaf))).toEqual([]);
  });

  test.each(readers)('$leaf is read by $file', ({ leaf, file }) => {
    expect(readsKey(file, leaf)).toBe(true);
  });
});
