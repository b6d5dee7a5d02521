import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { putInPlace } from '../../../../src/common/files/output-file.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

test('a directory with the name of a file is kept, and reported with a remedy', async () => {
  const home = plant(temporaryDirectory(), { 'os.iso/mine': 'x', '.partial-os.iso': 'new' });
  const error = await failureOf(
    () => putInPlace(join(home, '.partial-os.iso'), join(home, 'os.iso')),
    'usage',
  );
  expect([error.code, error.message]).toEqual(['OUTPUT_UNWRITABLE', expect.stringContaining('os.iso')]);
  expect(existsSync(join(home, 'os.iso/mine'))).toBe(true);
});

test('a directory replaces a file or a directory of its name, of which nothing stays', async () => {
  const home = plant(temporaryDirectory(), {
    'one.oci': 'a file',
    'two.oci/old': 'x',
    '.partial-one/new': 'x',
    '.partial-two/new': 'x',
  });
  await putInPlace(join(home, '.partial-one'), join(home, 'one.oci'));
  await putInPlace(join(home, '.partial-two'), join(home, 'two.oci'));
  expect(readdirSync(home, { recursive: true }).sort()).toEqual([
    'one.oci',
    'one.oci/new',
    'two.oci',
    'two.oci/new',
  ]);
});
