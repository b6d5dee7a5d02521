import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import type { BuildSpec } from '../../../../src/factory/config/schema.ts';
import { FOLDER_MARK } from '../../../../src/factory/image/context/context-folder.ts';
import { createContextFolder } from '../../../../src/factory/pipeline/create-context-folder.ts';
import { TAR } from '../../../../src/factory/tools/tar.ts';
import { testImage, testIndex, testLayout } from '../../common/oci/layers/support/test-image.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { realRunner } from '../artifacts/support/runner.ts';
import { openDirectory, testEngine, testEnvironment } from './support/environment.ts';
import { runContext } from './support/run-context.ts';

const plain = await loadBuildSpec({ set: [], flags: { flavor: 'debian' } });
const MANIFEST = `sha256:${'a'.repeat(64)}`;
const DEBIAN = 'ID=debian\nVERSION_ID="12"\n';

/** A place for a context folder. A fake engine opens planted roots as images: importing into buildah would take seconds. */
function bench() {
  const home = plant(temporaryDirectory(), {
    'roots/base/etc/os-release': DEBIAN,
    'roots/base/bin/sh': '',
    'roots/base-of/etc/os-release': DEBIAN,
    'roots/base-of/bin/sh': '',
    'roots/base-of/from-containerfile': '',
    'roots/kernel/etc/os-release': DEBIAN,
    'roots/kernel/bin/sh': '',
    'roots/bundle/bundled': '',
    agent: 'agent',
    'place/other': '',
  });
  const rootOf = (image: string) => join(home, 'roots', /kairos-factory\/(.+):/.exec(image)?.[1] ?? 'none');
  const engine = testEngine({
    load: async () => undefined,
    build: async (context) => void context.resume(),
    open: async (image) => openDirectory(rootOf(image)),
  });
  const pin = async () => ({ reference: '', digest: '', platform: '', manifest: MANIFEST });
  const fetch = async (_image: unknown, _arch: string, { directory }: { readonly directory: string }) => {
    const image = testImage([[{ name: 'etc/os-release' }]]);
    const files = testLayout(testIndex({ 'linux/amd64': image }), [image]);
    plant(directory, Object.fromEntries(files.map(({ name, content = '' }) => [name, content])));
  };
  const images = { pin, fetch, pins: () => [] };
  const run = runContext();
  const output = join(home, 'place/context');
  const create = (change: Partial<BuildSpec> = {}, ownEngine: Partial<typeof engine> = {}) => {
    const agent = () => join(home, 'agent');
    const env = testEnvironment({
      engine: { ...engine, ...ownEngine },
      images,
      agent,
      work: run.context.work,
    });
    const spec: BuildSpec = { ...plain, arch: 'amd64', base: dir('base'), ...change };
    return createContextFolder(env, { spec, output, context: run.context });
  };
  const dir = (name: string) => `dir:${join(home, 'roots', name)}`;
  return {
    ...run,
    home,
    output,
    dir,
    create,
    place: () => readdirSync(join(home, 'place')).sort(),
    recipe: () => readFileSync(join(output, 'Dockerfile'), 'utf8'),
    /** The tars of root filesystems in the folder. */
    tars: () =>
      readdirSync(join(output, '.kairos-factory'))
        .filter((name) => name.endsWith('.tar'))
        .sort(),
    /** The files in such a tar. */
    list: async (tar: string) => {
      const file = join(output, '.kairos-factory', tar);
      const { stdout } = await realRunner().run(TAR, ['--list', '--file', file]);
      return stdout
        .trim()
        .split('\n')
        .filter((path) => !path.endsWith('/'))
        .sort();
    },
  };
}

describe('the sources of a context folder', () => {
  test('from a registry are named by digest, and the others are tar files', async () => {
    const { create, dir, recipe, tars, list } = bench();
    const bundles = [
      { image: 'registry.test/one:1', mode: 'unpack' },
      { image: dir('bundle'), mode: 'unpack' },
    ] as const;
    await create({ kernelFrom: 'registry.test/kernel:1', bundles: [...bundles] });
    expect(recipe().match(/^(FROM .*registry.*|ADD .*)$/gm)).toEqual([
      'ADD .kairos-factory/base.tar /',
      `FROM --platform=linux/amd64 registry.test/kernel@${MANIFEST} AS kairos-factory-kernel-image`,
      `FROM --platform=linux/amd64 registry.test/one@${MANIFEST} AS kairos-factory-bundle-0`,
      'ADD .kairos-factory/bundle-1.tar /',
    ]);
    expect(tars()).toEqual(['base.tar', 'bundle-1.tar']);
    expect(await list('base.tar')).toEqual(['./bin/sh', './etc/os-release']);
    expect(await list('bundle-1.tar')).toEqual(['./bundled']);
  });

  test('can be a registry base and a local kernel', async () => {
    const { create, dir, recipe, tars, list } = bench();
    await create({ base: 'registry.test/os:12', kernelFrom: dir('kernel') });
    expect(recipe()).toContain(
      `# registry.test/os:12\nFROM --platform=linux/amd64 registry.test/os@${MANIFEST} AS kairos-factory-base\n`,
    );
    expect(tars()).toEqual(['kernel.tar']);
    expect(await list('kernel.tar')).toEqual(['./bin/sh', './etc/os-release']);
  });
});

describe('a Containerfile of the user', () => {
  const write = (home: string, text: string) => {
    plant(home, { 'own/Containerfile': text, 'own/data': '' });
    const file = join(home, 'own/Containerfile');
    return { file, stage: 'before', context: join(home, 'own'), products: [] } as const;
  };

  test('is applied by the other builder to the unchanged base', async () => {
    const { home, create, recipe, list } = bench();
    await create({ containerfile: write(home, 'COPY data /data\n') });
    expect(recipe()).toContain('\nFROM kairos-factory-base\nCOPY data /data\n');
    expect(await list('base.tar')).toEqual(['./bin/sh', './etc/os-release']);
  });

  test('that needs other images is not built here', async () => {
    const { home, create, recipe, events } = bench();
    const copy = 'COPY --from=registry.test/tools:1 /tool /tool';
    const build = () => Promise.reject(new Error('built here'));
    await create({ containerfile: write(home, `${copy}\n`) }, { build });
    expect(recipe()).toContain(copy);
    const text = expect.stringMatching(/needs registry\.test\/tools:1, so it is not built here/);
    expect(events).toContainEqual({ type: 'notice', text });
  });
});

describe('a context folder', () => {
  test('has the recipe, and everything else below .kairos-factory', async () => {
    const { create, output, place } = bench();
    await create();
    expect(readdirSync(output).sort()).toEqual(['.kairos-factory', 'Dockerfile']);
    expect(JSON.parse(readFileSync(join(output, FOLDER_MARK), 'utf8'))).toMatchObject({
      schema: 1,
      image: { flavor: 'debian', arch: 'amd64' },
    });
    expect(readFileSync(join(output, '.kairos-factory/framework/usr/bin/kairos-agent'), 'utf8')).toBe(
      'agent',
    );
    expect(place()).toEqual(['context', 'other']);
  });

  test('shows the steps as planned before they run', async () => {
    const { create, events, dir } = bench();
    await create({ kernelFrom: dir('kernel') });
    expect(events[0]).toMatchObject({ type: 'plan', steps: [{ id: 'base' }, { id: 'kernel' }] });
  });

  test('replaces an earlier one', async () => {
    const { create, output } = bench();
    plant(output, { [FOLDER_MARK]: '', 'stale/file': '' });
    await create();
    expect(readdirSync(output).sort()).toEqual(['.kairos-factory', 'Dockerfile']);
  });

  test('does not appear when a tar cannot be written; an earlier one stays', async () => {
    const { create, dir, output, place } = bench();
    plant(output, { [FOLDER_MARK]: 'earlier' });
    const bundles: BuildSpec['bundles'] = [{ image: dir('bundle'), mode: 'unpack' }];
    // The bundle is the last tar, and no step opens it.
    const open = async (image: string) => {
      if (image.includes('bundle')) throw new Error('no space left');
      return openDirectory(dir('base').slice('dir:'.length));
    };
    await expect(create({ bundles }, { open })).rejects.toThrow('no space left');
    expect(place()).toEqual(['context', 'other']);
    expect(readdirSync(output)).toEqual(['.kairos-factory']);
    expect(readFileSync(join(output, FOLDER_MARK), 'utf8')).toBe('earlier');
  });

  test('does not appear when a step fails', async () => {
    const { create, place } = bench();
    const load = () => Promise.reject(new FactoryError('TOOL_MISSING', 'no store'));
    const error = await failureOf(() => create({}, { load }));
    expect(error.message).toMatch(/^import base dir:.*: no store$/);
    expect(place()).toEqual(['other']);
  });

  test('does not appear when a signal interrupts the build', async () => {
    const { context, create, place } = bench();
    const interrupted = new FactoryError('INTERRUPTED', 'interrupted by SIGINT');
    await expect(create({}, { load: async () => context.cancel(interrupted) })).rejects.toBe(interrupted);
    expect(place()).toEqual(['other']);
  });

  test('does not replace files that appear during the build', async () => {
    const { create, output, place } = bench();
    const load = async () => void plant(output, { 'thesis.tex': 'mine' });
    const error = await failureOf(() => create({}, { load }), 'usage');
    expect(error.message).toContain(output);
    expect(readFileSync(join(output, 'thesis.tex'), 'utf8')).toBe('mine');
    expect(place()).toEqual(['context', 'other']);
  });

  test('is not created while another build writes to the same place', async () => {
    const { create } = bench();
    const nested = { load: async () => void (await failureOf(() => create(), 'usage')) };
    await expect(create({}, nested)).resolves.toBeUndefined();
  });
});
