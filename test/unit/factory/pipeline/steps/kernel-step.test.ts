import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadBuildSpec } from '../../../../../src/factory/config/build-spec.ts';
import type { BuildSpec } from '../../../../../src/factory/config/schema.ts';
import type { BuildEnvironment } from '../../../../../src/factory/pipeline/build-environment.ts';
import { builtPackages } from '../../../../../src/factory/pipeline/record-packages.ts';
import { kernelStep } from '../../../../../src/factory/pipeline/steps/kernel-step.ts';
import type { RootFacts } from '../../../../../src/factory/pipeline/steps/root-facts.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { testEngine, testEnvironment } from '../support/environment.ts';
import { imageResults, stepContext } from '../support/step-context.ts';

const flags = { flavor: 'any', base: 'dir:/base', arch: 'amd64', kernel: 'cloud' };
const plain = await loadBuildSpec({ set: [], flags });
const NONE = new Map();
const NAME = 'kernel-from/bootstrap:bookworm/amd64/cloud';

function stepFor(
  options: { spec?: Partial<BuildSpec>; env?: Partial<BuildEnvironment>; from?: string } = {},
) {
  const base = { kind: 'reference', reference: 'dir:/base' } as const;
  const spec = { ...plain, ...options.spec };
  return kernelStep(testEnvironment(options.env), { text: options.from ?? 'bootstrap:bookworm', spec, base });
}

const root: RootFacts = {
  image: 'localhost/kairos-factory/kernel:1',
  osRelease: { ID: 'debian' },
  traits: {
    shell: true,
    lacksPrograms: [],
    systemd: false,
    openrc: false,
    bootLoader: true,
    ownLib: false,
    lacks: [],
    newest: 1,
  },
};
const facts = {
  ...root,
  packages: { lockName: NAME, installed: { 'linux-image-cloud-amd64:amd64': '6.1.1' } },
};
const result = { facts, files: {}, digest: 'd' };

describe('a kernel from a bootstrapped root', () => {
  test('depends on the packages, the architecture and the archive', async () => {
    const inputs = async (...args: Parameters<typeof stepFor>) =>
      JSON.stringify(await stepFor(...args).inputs(NONE));
    const first = await inputs();
    expect(first).toContain('linux-image-cloud-amd64');
    for (const spec of [
      { kernel: 'generic' },
      { mirror: 'http://mirror.test/debian' },
      { arch: 'arm64' },
    ] as const)
      expect(await inputs({ spec })).not.toBe(first);
    expect(await inputs({ from: 'bootstrap:trixie' })).not.toBe(first);
  });

  test('needs a program that makes roots, and an image does not', () => {
    expect(stepFor().tools).toMatchObject([{ name: 'mmdebstrap' }, { package: 'apt' }]);
    expect(stepFor({ from: 'example.com/os:v1' }).tools).toEqual([]);
    expect(stepFor({ from: 'tar:/root.tar.xz' }).tools).toMatchObject([{ name: 'xz' }]);
    expect(stepFor({ from: 'tar:/root.tar.zst' }).tools).toMatchObject([{ name: 'zstd' }]);
  });

  test('is not made without a network', async () => {
    const run = () => stepFor({ env: { offline: true } }).run(stepContext().context, NONE);
    expect((await failureOf(run, 'step')).code).toBe('NOT_CACHED');
  });

  test('has the packages of the lock', async () => {
    const lockFile = join(plant(temporaryDirectory(), {}), 'kairos-factory.lock');
    const engine = testEngine({ has: async () => true });
    const locked = stepFor({ spec: { lockFile }, env: { locked: true, engine } });
    const error = await failureOf(() => locked.inputs(NONE), 'usage');
    expect(error.message).toContain(`has no packages for ${NAME}`);
    for (const [version, current] of [
      ['6.1.1', true],
      ['6.1.0', false],
    ] as const) {
      const installed = { 'linux-image-cloud-amd64:amd64': version };
      plant(join(lockFile, '..'), {
        'kairos-factory.lock': JSON.stringify({ schema: 1, packages: { [NAME]: { installed } } }),
      });
      expect(await locked.isCurrent?.(result)).toBe(current);
    }
  });

  test('is recorded in the lock beside the packages of the image', () => {
    const results = new Map([...imageResults(1_700_000_000), ['kernel', result]]);
    expect(builtPackages({ epoch: undefined }, results)).toEqual([
      { lockName: NAME, packages: { installed: facts.packages.installed } },
    ]);
  });
});
