import { describe, expect, test } from 'vitest';
import { chooseBase, chooseFlavor } from '../../../../../src/factory/catalog/flavors/choose.ts';
import { parseBaseReference } from '../../../../../src/factory/config/base-reference.ts';
import { loadBuildSpec } from '../../../../../src/factory/config/build-spec.ts';
import type { BuildSpec } from '../../../../../src/factory/config/schema.ts';
import type { BuildEnvironment } from '../../../../../src/factory/pipeline/build-environment.ts';
import { baseReference } from '../../../../../src/factory/pipeline/graph.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { baseStep } from '../../../../../src/factory/pipeline/steps/base-step.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { openDirectory, testEngine, testEnvironment } from '../support/environment.ts';
import { stepContext } from '../support/step-context.ts';

const debian = await chooseFlavor(FLAVORS, 'debian');
const plain = await loadBuildSpec({ set: [], flags: { flavor: 'debian' } });
const NONE = new Map();

/** The step for a base. */
function stepFor(base: string, options: { spec?: Partial<BuildSpec>; env?: Partial<BuildEnvironment> } = {}) {
  const spec: BuildSpec = { ...plain, arch: 'amd64', base, ...options.spec };
  const choice = chooseBase(debian.named, spec);
  return baseStep(testEnvironment(options.env), { spec, reference: baseReference(choice), choice });
}
const inputsOf = async (...args: Parameters<typeof stepFor>) =>
  JSON.stringify(await stepFor(...args).inputs(NONE));

describe('baseStep', () => {
  test('imports the base under its own name and returns its facts', async () => {
    const root = plant(temporaryDirectory(), { 'etc/os-release': 'ID=debian\nVERSION_ID="12"\n' });
    const loaded: string[] = [];
    const engine = testEngine({
      load: async (_, image) => void loaded.push(image),
      open: async (image) => {
        expect(image).toBe(loaded[0]);
        return openDirectory(root);
      },
    });
    const step = stepFor(`dir:${root}`, { env: { engine } });
    const { facts, digest } = await step.run(stepContext().context, NONE);
    expect(loaded).toEqual([expect.stringMatching(/^localhost\/kairos-factory\/base:[0-9a-f]{16}$/)]);
    expect(facts).toMatchObject({ image: loaded[0], osRelease: { ID: 'debian', VERSION_ID: '12' } });
    // The cache key is sufficient: nothing comes from a package archive.
    expect(digest).toBeUndefined();
  });

  test('refuses a directory that is not the root of a distribution', async () => {
    const root = plant(temporaryDirectory(), { 'rootfs/etc/os-release': 'ID=debian\n' });
    const engine = testEngine({ load: async () => undefined, open: async () => openDirectory(root) });
    const step = stepFor(`dir:${root}`, { env: { engine } });
    const error = await failureOf(() => step.run(stepContext().context, NONE), 'usage');
    expect(error.message).toContain('/etc/os-release');
  });

  test('has different inputs when anything that affects the base changes', async () => {
    const root = plant(temporaryDirectory(), { file: 'one' });
    const before = await inputsOf(`dir:${root}`);
    expect(await inputsOf(`dir:${root}`)).toBe(before);
    const others = [
      await inputsOf(`dir:${root}`, { spec: { arch: 'arm64' } }),
      await inputsOf(`dir:${root}`, { env: { epoch: '5' } }),
      await inputsOf('bootstrap:bookworm'),
      await inputsOf('bootstrap:bookworm', { spec: { mirror: 'http://mirror.test/debian' } }),
    ];
    plant(root, { file: 'other content' });
    const all = [before, ...others, await inputsOf(`dir:${root}`)];
    expect(new Set(all).size).toBe(all.length);
  });

  test.each([
    ['a directory', 'dir:/nowhere/root'],
    ['an archive', 'docker-archive:/nowhere/image.tar'],
    ['a layout', 'oci:/nowhere/layout'],
  ])('refuses %s that does not exist', async (_, base) => {
    const error = await failureOf(() => stepFor(base).inputs(NONE), 'usage');
    expect(error.message).toMatch(/^\/nowhere\/\S+ does not exist$/);
  });

  test('refuses trust.base for a base that is not in a registry', () => {
    const spec: Partial<BuildSpec> = { trust: { base: { keys: ['/k.pub'], identities: [], threshold: 1 } } };
    expect(() => stepFor('dir:/root', { spec })).toThrow(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining('trust.base') }),
    );
  });

  test('does not bootstrap with --offline', async () => {
    const step = stepFor('bootstrap:bookworm', { env: { offline: true } });
    const error = await failureOf(() => step.run(stepContext().context, NONE), 'step');
    expect(error.remedy).toContain('without --offline');
  });

  test.each<[string, boolean]>([
    ['is current while the engine has the image', true],
    ['is not current when the engine has lost the image', false],
  ])('%s', async (_, has) => {
    const step = stepFor('dir:/root', { env: { engine: testEngine({ has: async () => has }) } });
    const traits = {
      shell: true,
      lacksPrograms: [],
      openrc: false,
      systemd: true,
      bootLoader: false,
      ownLib: false,
      lacks: [],
      newest: 1,
    };
    const facts = { image: 'base', osRelease: {}, traits };
    expect(await step.isCurrent?.({ digest: 'x', facts, files: {} })).toBe(has);
  });
});

test('an image in a registry is identified by its manifest, not by its tag', async () => {
  const pins = ['sha256:one', 'sha256:one', 'sha256:two'];
  const pin = async () => ({ reference: '', digest: '', platform: '', manifest: pins.shift() ?? '' });
  const images = { ...testEnvironment().images, pin };
  const reference = 'registry.test/os:latest';
  expect(parseBaseReference(reference, '/').kind).toBe('docker');
  const one = await inputsOf(reference, { env: { images } });
  expect(await inputsOf(reference, { env: { images } })).toBe(one);
  expect(await inputsOf(reference, { env: { images } })).not.toBe(one);
});
