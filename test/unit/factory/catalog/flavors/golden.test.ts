import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openAllFlavors } from '../../../../../src/factory/catalog/flavors/load.ts';
import { holds } from '../../../../../src/factory/catalog/flavors/select.ts';
import { FLAVORS, TEMPLATES } from '../../../../../src/factory/pipeline/project-files.ts';
import { PROJECT } from '../../../../support/factory.ts';
import { detectedRelease, releaseContext, renderRelease } from './support/rendering.ts';

/** Update after an intended change: `vitest run --project unit test/unit/factory/catalog/flavors/golden.test.ts -u`. */
const GOLDEN = join(PROJECT, 'test/golden');
const ARCHES = ['amd64', 'arm64'];
const VARIANTS = ['core', 'standard'];

// test/unit/factory/image/context/other-recipes.test.ts covers a flavor without packages.
const flavors = (await openAllFlavors(FLAVORS)).filter(({ flavor }) => flavor['package-manager'] !== 'none');
const cases = flavors.flatMap((loaded) =>
  Object.keys(loaded.flavor.releases).flatMap((release) =>
    ARCHES.flatMap((arch) =>
      VARIANTS.filter((variant) => variant === 'core' || loaded.flavor['package-manager'] !== 'none').map(
        (variant) => ({ loaded, name: loaded.flavor.name, release, arch, variant }),
      ),
    ),
  ),
);
const fileOf = ({ name, release, arch, variant }: (typeof cases)[number]) =>
  `${name}-${release}-${arch}-${variant}.txt`;

describe('the build of a flavor matches the reviewed golden file', () => {
  test.each(cases)('$name $release $arch $variant', async (one) => {
    const { loaded, release, arch, variant } = one;
    const { version } = detectedRelease(loaded, release).distribution;
    const others = Object.entries(loaded.flavor.kernels)
      .filter(([kernel]) => kernel !== 'generic')
      .filter(([, entries]) => entries.some((entry) => holds(entry, { arch, releaseVersion: version })))
      .map(([kernel]) => kernel);
    const text = renderRelease(releaseContext(loaded, release, { arch, variant }), others, loaded);
    await expect(text).toMatchFileSnapshot(join(GOLDEN, fileOf(one)));
  });

  test('no golden file is obsolete', () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(cases.map(fileOf).sort());
  });
});

describe('the scripts of a build', () => {
  const scripts = readdirSync(join(TEMPLATES, 'build')).filter((name) => name.endsWith('.sh'));

  test.each(scripts)('%s is valid shell', (name) => {
    execFileSync('sh', ['-n', join(TEMPLATES, 'build', name)]);
  });

  const managers = new Set(flavors.map(({ flavor }) => flavor['package-manager']));

  test.each([...managers])('%s has an install script', (manager) => {
    expect(readFileSync(join(TEMPLATES, `build/install-${manager}.sh`), 'utf8')).toMatch(/^#!\/bin\/sh\n/);
  });
});
