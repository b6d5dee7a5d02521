import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import type { TargetGroup } from '../../../../src/factory/pipeline/open-groups.ts';
import { type GroupsOptions, runGroups } from '../../../../src/factory/pipeline/run-groups.ts';
import { defineStep, NO_FACTS } from '../../../../src/factory/pipeline/step.ts';
import { IMAGE_STEP } from '../../../../src/factory/pipeline/steps/os-image-facts.ts';
import type { Target } from '../../../../src/factory/pipeline/target.ts';
import type { BuildSigner } from '../../../../src/factory/signing/sign-build.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { artifactsSpec, EPOCH } from '../artifacts/support/inputs.ts';
import { testEnvironment } from './support/environment.ts';
import { runContext } from './support/run-context.ts';

const FACTS = {
  image: 'os',
  facts: {
    epoch: EPOCH,
    tree: { bytes: 1, inodes: 1, newest: EPOCH },
    release: { KAIROS_ARCH: 'amd64' },
    osId: 'debian',
  },
};
type Work = () => Promise<unknown>;

/** A target with its own output directory and a single step, which returns the facts of an image. */
function groupOf(name: string, work: Work = async () => undefined): TargetGroup {
  const output = temporaryDirectory();
  const image = defineStep(IMAGE_STEP, {
    title: `make ${name}`,
    needs: [],
    inputs: async () => name,
    run: async () => {
      await work();
      return { facts: FACTS, files: {} };
    },
  });
  const env = testEnvironment({ partial: (file) => join(output, `.partial-${file}`) });
  const target: Target = { image: 'oci:/os', spec: artifactsSpec({ output }) };
  return { name, target, env, steps: [image] };
}

/** The group with another step, which starts when the image is done. */
function withSecondStep(group: TargetGroup): TargetGroup {
  const key = { id: 'second', facts: NO_FACTS };
  const inputs = async () => undefined;
  const run = async () => ({ facts: {}, files: {} });
  const second = defineStep(key, { title: 'second', needs: [IMAGE_STEP.id], inputs, run });
  return { ...group, steps: [...group.steps, second] };
}

/** Runs groups; `sign` signs the output of the groups in `signed`. */
function runAll(
  groups: readonly TargetGroup[],
  {
    continueOnError = false,
    signed = [],
    sign = async (path) => ({ signer: 'key', bundles: [path] }),
  }: {
    continueOnError?: boolean;
    signed?: readonly TargetGroup[];
    sign?: BuildSigner['signOutput'];
  } = {},
  run = runContext(),
) {
  const outputs: GroupsOptions['outputs'] = new Map(
    groups.map(({ target, env }) => [target, { path: target.spec.output, partial: env.partial }]),
  );
  const signers = new Map(signed.map(({ target }) => [target, { signOutput: sign }]));
  const context = { ...run.context, continueOnError };
  return runGroups(groups, { context, signers, outputs, started: performance.now() });
}

const filesOf = ({ target }: TargetGroup) => readdirSync(target.spec.output).sort();
const fail = async () => {
  throw new FactoryError('TOOL_MISSING', 'it broke');
};

test('reports have the order of the targets, not the order in which the targets end', async () => {
  const ends: string[] = [];
  const ending = (name: string, ms: number) =>
    groupOf(name, async () => {
      await sleep(ms);
      ends.push(name);
    });
  const groups = [ending('slow', 200), ending('fast', 1)];
  const reports = await runAll(groups);
  expect(ends).toEqual(['fast', 'slow']);
  expect(reports).toMatchObject(groups.map(({ target }) => ({ status: 'done', output: target.spec.output })));
});

test('each finished target has a manifest and checksums in its own output', async () => {
  const groups = [groupOf('one'), groupOf('two')];
  await runAll(groups);
  expect(groups.map(filesOf)).toEqual([
    ['SHA256SUMS', 'manifest.json'],
    ['SHA256SUMS', 'manifest.json'],
  ]);
});

test('a target is finished without waiting for slower targets', async () => {
  const fast = groupOf('fast');
  const slow = groupOf('slow', async () => {
    await expect.poll(() => existsSync(join(fast.target.spec.output, 'manifest.json'))).toBe(true);
  });
  await expect(runAll([slow, fast])).resolves.toMatchObject([{ status: 'done' }, { status: 'done' }]);
});

test('the first failure cancels the other targets, and is reported instead of thrown', async () => {
  const bad = groupOf('bad', fail);
  const good = groupOf('good', () => sleep(100));
  const reports = await runAll([bad, withSecondStep(good)]);
  expect(reports).toMatchObject([
    { status: 'failed', error: { kind: 'tool', message: 'make bad: it broke' } },
    { status: 'cancelled' },
  ]);
  expect([bad, good].map(filesOf)).toEqual([[], []]);
});

test('with continueOnError, a failure does not cancel the other targets', async () => {
  const bad = groupOf('bad', fail);
  const good = groupOf('good', () => sleep(50));
  const reports = await runAll([bad, withSecondStep(good)], { continueOnError: true });
  expect(reports.map(({ status }) => status)).toEqual(['failed', 'done']);
  expect(filesOf(good)).toContain('manifest.json');
});

test('a target is signed after its manifest is written, and only if it has a signer', async () => {
  const [signed, unsigned] = [groupOf('signed'), groupOf('unsigned')];
  const seen: string[][] = [];
  const [first, second] = await runAll([signed, unsigned], {
    signed: [signed],
    sign: async (path, partial) => {
      seen.push([path, partial('x'), ...readdirSync(path).sort()]);
      return { signer: 'key', bundles: ['a.bundle'] };
    },
  });
  const { output } = signed.target.spec;
  expect(seen).toEqual([[output, join(output, '.partial-x'), 'SHA256SUMS', 'manifest.json']]);
  expect(first).toMatchObject({ status: 'done', signatures: { signer: 'key', bundles: ['a.bundle'] } });
  expect(second).toMatchObject({ status: 'done' });
  expect(second).not.toHaveProperty('signatures');
});

test('a failed target is not signed', async () => {
  const bad = groupOf('bad', fail);
  let signatures = 0;
  const sign = async () => {
    signatures += 1;
    return { signer: 'key', bundles: [] };
  };
  const [report] = await runAll([bad], { signed: [bad], sign });
  expect([report?.status, signatures]).toEqual(['failed', 0]);
});

test('a target that cannot be signed fails with its output complete, and does not cancel the others', async () => {
  const [signed, other] = [groupOf('signed'), groupOf('other', () => sleep(100))];
  const error = new FactoryError('TOOL_MISSING', 'no cosign');
  const sign = () => Promise.reject(error);
  const reports = await runAll([signed, other], { signed: [signed], sign });
  expect(reports).toMatchObject([{ status: 'failed', error }, { status: 'done' }]);
  expect(filesOf(signed)).toEqual(['SHA256SUMS', 'manifest.json']);
});

test.each([false, true])(
  'a signal ends the run without a report (continueOnError: %s)',
  async (continueOnError) => {
    const run = runContext();
    const interrupted = new FactoryError('INTERRUPTED', 'interrupted by SIGTERM');
    const first = groupOf('first', async () => run.context.cancel(interrupted));
    const running = runAll([first, groupOf('second', () => sleep(50))], { continueOnError }, run);
    await expect(running).rejects.toBe(interrupted);
  },
);
