import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildahHome } from '../../../../src/factory/engine/buildah-home.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('buildah gets the home of the user', async () => {
  const home = temporaryDirectory();
  expect(await buildahHome(home, '/other')).toBe(home);
});

test('buildah gets another home where it could make no directory', async () => {
  expect(await buildahHome(join(temporaryDirectory(), 'missing'), '/other')).toBe('/other');
});
