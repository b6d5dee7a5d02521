import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FOLDER_MARK } from '../../../../src/factory/image/context/context-folder.ts';
import { refuseForeign } from '../../../../src/factory/pipeline/foreign-folder.ts';
import { failureOf } from '../../support/failure.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../support/temporary.ts';

test.each<[string, Parameters<typeof plant>[1]]>([
  ['does not exist', {}],
  ['is empty', { context: DIRECTORY }],
  ['kairos-factory wrote', { [`context/${FOLDER_MARK}`]: '', 'context/Containerfile': 'FROM x' }],
])('a context folder that %s can be replaced', async (_, tree) => {
  const home = plant(temporaryDirectory(), tree);
  await expect(refuseForeign(join(home, 'context'))).resolves.toBeUndefined();
});

test.each<[string, Parameters<typeof plant>[1], string]>([
  ['with other files', { 'context/thesis.tex': '' }, 'is not empty'],
  ['with a hidden file', { 'context/.git': '' }, 'is not empty'],
  ['that is a file', { context: '' }, 'cannot be a context folder'],
])('a path %s is not replaced by a context folder', async (_, tree, text) => {
  const place = join(plant(temporaryDirectory(), tree), 'context');
  const error = await failureOf(() => refuseForeign(place), 'usage');
  expect(error.message).toContain(place);
  expect(error.message).toContain(text);
});
