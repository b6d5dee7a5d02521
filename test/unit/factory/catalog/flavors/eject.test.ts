import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ejectFlavor } from '../../../../../src/factory/catalog/flavors/eject.ts';
import { listFlavors, openFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

test.each(await listFlavors(FLAVORS))('%s, copied to one file, is the same flavor', async (name) => {
  const text = await ejectFlavor(FLAVORS, name, 'kairos-factory v0');
  expect(text).not.toMatch(/^extends:/m);
  const home = plant(temporaryDirectory(), { 'my.yaml': text });
  // The directory has no shipped files, so the copy must be self-contained.
  const { flavor, locate } = await openFlavor('/nonexistent', join(home, 'my.yaml'));
  expect(flavor).toEqual((await openFlavor(FLAVORS, name)).flavor);
  for (const role of Object.keys(flavor.packages))
    expect(locate(['packages', role])).toContain(`${home}/my.yaml:`);
});

test('the copy keeps comments on packages; those of the extending file have precedence', async () => {
  const text = await ejectFlavor(FLAVORS, 'ubuntu', 'kairos-factory v0');
  expect(text).toMatch(/^# Copied from the flavor and what it extends by kairos-factory v0/);
  expect(text).toContain('- ca-certificates # TLS to registries and mirrors\n');
  expect(text).toContain('# Every package has a reason, given in the comment beside it.\npackages:\n');
  expect(text).toContain('- { name: systemd-resolved, releases: ">=24.04" } # part of systemd before\n');
  expect(text).not.toContain('Shared by the Debian family');
  expect(text.indexOf('name: ubuntu')).toBeLessThan(text.indexOf('family: debian'));
});

test('refuses an unknown flavor', async () => {
  const error = await failureOf(() => ejectFlavor(FLAVORS, 'ubunto', 'x'), 'usage');
  expect(error.message).toBe('unknown flavor "ubunto" (did you mean "ubuntu"?)');
});
