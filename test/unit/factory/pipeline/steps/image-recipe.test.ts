import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chooseFlavor } from '../../../../../src/factory/catalog/flavors/choose.ts';
import { loadModel } from '../../../../../src/factory/catalog/models/load.ts';
import { Hooks } from '../../../../../src/factory/config/hooks.ts';
import type { BuildSpec } from '../../../../../src/factory/config/schema.ts';
import type { RootTraits } from '../../../../../src/factory/image/root/root-traits.ts';
import type { ImportEnvironment } from '../../../../../src/factory/pipeline/build-environment.ts';
import { FLAVORS, MODELS } from '../../../../../src/factory/pipeline/project-files.ts';
import type { StepResult } from '../../../../../src/factory/pipeline/step.ts';
import { frameworkStep } from '../../../../../src/factory/pipeline/steps/framework-step.ts';
import { imageRecipe } from '../../../../../src/factory/pipeline/steps/image-recipe.ts';
import type { RecipeEnvironment } from '../../../../../src/factory/pipeline/steps/recipe-parts.ts';
import { signer } from '../../../common/trust/support/signer.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const any = await chooseFlavor(FLAVORS, 'any');
const debian = await chooseFlavor(FLAVORS, 'debian');
const GENERIC = await loadModel(MODELS, 'generic');
const env = (epoch?: string): RecipeEnvironment => ({
  epoch,
  tool: 'tool',
  agent: () => '/agent',
  templates: '/templates',
  digests: '/digests',
});

const SPEC = {
  base: 'dir:/tiny',
  kernel: 'generic',
  model: 'generic',
  arch: 'amd64',
  variant: 'core',
  version: 'v1.2.3',
  packages: [],
  installPackages: true,
  packageSets: [],
  bundles: [],
  hooks: Hooks.parse({}),
  kernelFrom: 'oci:/os',
  framework: { name: 'builtin' },
} as unknown as BuildSpec;

const lacking = (...names: readonly string[]) => names.map((name) => ({ name, place: `/usr/bin/${name}` }));

const TRAITS: RootTraits = {
  shell: true,
  lacksPrograms: lacking('sudo', 'rsync', 'sfdisk', 'tar'),
  systemd: false,
  openrc: false,
  bootLoader: false,
  ownLib: true,
  lacks: [],
  newest: 1000,
};
const root = (image: string, traits: Partial<RootTraits> = {}, osRelease: Record<string, string> = {}) =>
  ({
    digest: image,
    files: {},
    facts: {
      image,
      osRelease: { ID: 'tiny os', VERSION_ID: '1', ...osRelease },
      traits: { ...TRAITS, ...traits },
    },
  }) as StepResult;
const results = (base: StepResult, more: Record<string, StepResult> = {}) =>
  new Map(Object.entries({ base, kernel: root('the-kernel', { newest: 3000, bootLoader: true }), ...more }));
const silent = () => undefined;

describe('imageRecipe without additional packages', () => {
  test('uses the names of the base, the time of the newest file and the boot loader of the kernel’s image', () => {
    const notices: string[] = [];
    const options = imageRecipe(env(), { spec: SPEC, choice: any, model: GENERIC }).options(
      results(root('the-base')),
      (text) => notices.push(text),
    );
    expect(options).toMatchObject({
      base: 'the-base',
      identity: { flavor: 'tiny_os', flavorRelease: '1', family: 'any' },
      epoch: '3000',
      kernel: { image: 'the-kernel', epoch: 3000, library: '/lib', bootLoader: true },
      agent: '/agent',
      root: { isBare: true },
      selection: { packages: [] },
    });
    expect(notices).toEqual([
      'the base lacks programs, and what needs them fails on the node: rsync (to copy a system into a slot), ' +
        'tar (to unpack images and copy systems), sudo (to become root), sfdisk (to partition disks)',
    ]);
  });

  test('keeps the boot loader of the base, which is not bare when only optional programs are missing', () => {
    const base = root('the-base', { lacksPrograms: lacking('sfdisk'), bootLoader: true, ownLib: false });
    expect(
      imageRecipe(env('5'), { spec: SPEC, choice: any, model: GENERIC }).options(results(base), silent),
    ).toMatchObject({
      root: { isBare: false },
      epoch: '5',
      kernel: { epoch: 5, library: '/usr/lib', bootLoader: false },
    });
  });

  test('uses the base after the Containerfile, but not its timestamps', () => {
    const spec = { ...SPEC, containerfile: { file: '/f', stage: 'before', context: '/' } } as BuildSpec;
    const recipe = imageRecipe(env(), { spec, choice: any, model: GENERIC });
    expect(recipe.needs).toEqual(['base', 'containerfile', 'kernel']);
    const changed = { containerfile: root('changed', { newest: 9000, lacksPrograms: lacking('rsync') }) };
    expect(recipe.options(results(root('the-base'), changed), silent)).toMatchObject({
      base: 'changed',
      epoch: '3000',
      agent: '/agent',
    });
  });

  test('needs a shell only without kernel-from', async () => {
    const base = results(root('the-base', { shell: false }));
    expect(imageRecipe(env(), { spec: SPEC, choice: any, model: GENERIC }).options(base, silent).base).toBe(
      'the-base',
    );
    const { kernelFrom: _, ...without } = SPEC;
    const recipe = imageRecipe(env(), {
      spec: { ...without, kernelFrom: undefined },
      choice: any,
      model: GENERIC,
    });
    const error = await failureOf(() => recipe.options(base, silent), 'usage');
    expect(error.message).toContain('dir:/tiny has no /bin/sh');
  });

  test.each([{ packages: ['vim'] }, { packageSets: ['upstream'] }])('refuses %j', async (keys) => {
    const error = await failureOf(
      () => imageRecipe(env(), { spec: { ...SPEC, ...keys }, choice: any, model: GENERIC }),
      'usage',
    );
    expect(error.message).toContain('flavor any installs nothing');
  });

  test('leaves out the packages of a flavor, whose name and services stay', () => {
    const { kernelFrom: _, ...rest } = SPEC;
    const spec = { ...rest, kernelFrom: undefined, installPackages: false } as BuildSpec;
    const base = results(root('the-base', {}, { ID: 'debian', VERSION_ID: '12' }));
    const options = imageRecipe(env('5'), { spec, choice: debian, model: GENERIC }).options(base, silent);
    expect(options).toMatchObject({
      identity: { flavor: 'debian', flavorRelease: '12' },
      flavor: { 'package-manager': 'none' },
      selection: { packages: [], enable: expect.arrayContaining(['cos-setup-boot.service']) },
    });
  });
});

describe('imageRecipe of a distribution', () => {
  const base = (traits: Partial<RootTraits> = {}) =>
    results(root('the-base', traits, { ID: 'debian', VERSION_ID: '12' }));

  test('installs packages and the boot loader, but no kernel, with kernel-from', () => {
    const { selection, kernel, agent, epoch } = imageRecipe(env(), {
      spec: SPEC,
      choice: debian,
      model: GENERIC,
    }).options(base(), silent);
    expect(selection.packages).toContain('grub-pc-bin');
    expect(selection.packages.filter((name) => name.startsWith('linux-'))).toEqual([]);
    expect([kernel?.bootLoader, agent, epoch]).toEqual([false, '/agent', undefined]);
  });

  test('refuses a base without a shell and names it', async () => {
    const recipe = imageRecipe(env(), { spec: SPEC, choice: debian, model: GENERIC });
    const error = await failureOf(() => recipe.options(base({ shell: false }), silent), 'usage');
    expect(error.message).toContain('dir:/tiny has no /bin/sh');
    expect(error.remedy).toContain('variant of the image that has a shell');
  });

  test('passes the program kairos-init and the date of the base', () => {
    const { kernelFrom: _, ...rest } = SPEC;
    const framework = { name: 'kairos-init', source: '/k', version: 'v1' } as const;
    const recipe = imageRecipe(env(), {
      spec: { ...rest, kernelFrom: undefined, framework },
      choice: debian,
      model: GENERIC,
    });
    expect(recipe.needs).toEqual(['base', 'framework']);
    const taken = { ...base().get('base'), files: { program: '/cache/kairos-init' } } as StepResult;
    const all = new Map([...base(), ['framework', taken]]);
    expect(recipe.options(all, silent)).toMatchObject({
      epoch: '1000',
      init: { program: '/cache/kairos-init', version: 'v1', image: { version: 'v1.2.3' } },
    });
  });
});

describe('trust.upgrade', () => {
  const policy = (key: string) => ({ upgrade: [{ match: 'registry.test/os/', keys: [key], threshold: 1 }] });
  const trusting = (key: string, more: Partial<BuildSpec> = {}) =>
    ({ ...SPEC, trust: policy(key), ...more }) as BuildSpec;
  const release = () => plant(temporaryDirectory(), { 'release.pub': signer('release.pub').pem });

  test('goes into the image', () => {
    const spec = trusting(join(release(), 'release.pub'));
    const options = imageRecipe(env(), { spec, choice: any, model: GENERIC }).options(
      results(root('the-base')),
      silent,
    );
    expect(options.policy?.map(({ name }) => name)).toEqual(['policy.yaml', 'release.pub']);
  });

  test('is refused for an agent that does not read it, and with a missing key', async () => {
    const framework = { name: 'kairos-init', source: '/k', version: undefined } as const;
    const spec = trusting(join(release(), 'release.pub'), { framework });
    const foreign = await failureOf(
      () => imageRecipe(env(), { spec, choice: debian, model: GENERIC }),
      'usage',
    );
    expect(foreign.message).toContain('does not read the policy of trust.upgrade');
    const missing = await failureOf(
      () => imageRecipe(env(), { spec: trusting('/nowhere'), choice: any, model: GENERIC }),
      'usage',
    );
    expect(missing.message).toContain('trust.upgrade: /nowhere');
  });
});

test('a bootstrap reference does not provide kairos-init', async () => {
  const nowhere = {} as ImportEnvironment;
  expect((await failureOf(() => frameworkStep(nowhere, 'bootstrap:', 'amd64'), 'usage')).message).toMatch(
    /kairos-init/,
  );
});
