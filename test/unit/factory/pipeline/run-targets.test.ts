import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NO_BUILDERS } from '../../../../src/factory/config/buildkit.ts';
import type { ArtifactsSpec } from '../../../../src/factory/config/schema.ts';
import type { BuildEvent } from '../../../../src/factory/pipeline/events.ts';
import {
  planTargets,
  runTargets,
  sessionOptions,
  type TargetsOptions,
} from '../../../../src/factory/pipeline/run-targets.ts';
import type { ReadyImageTarget, Target } from '../../../../src/factory/pipeline/target.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { artifactsSpec } from '../artifacts/support/inputs.ts';
import { useFakeBuildah } from './support/fake-buildah.ts';

const target = (change: Partial<ArtifactsSpec> = {}): Target => ({
  image: 'oci:/os',
  spec: artifactsSpec(change),
});
const onLog = () => undefined;

test.each(['auto', 'buildah', 'docker', 'buildkit'] as const)(
  'targets with the same engine (%s) share it',
  (engine) => {
    const options = sessionOptions([target({ engine }), target({ engine })], { onLog });
    expect(options).toEqual({ engine, buildkit: NO_BUILDERS, secrets: [], onLog, keepFailed: false });
  },
);

test('targets with different engines are refused, because they share one image store', async () => {
  const targets = [target({ engine: 'buildah' }), target({ engine: 'docker' })];
  const error = await failureOf(() => sessionOptions(targets, { onLog }), 'usage');
  expect(error.message).toContain('buildah, docker');
});

test('targets may have different caches, but not different BuildKit daemons', async () => {
  const engine = 'buildkit';
  const one = { ...NO_BUILDERS, 'cache-to': ['type=registry,ref=a'] };
  const { buildkit } = sessionOptions([target({ engine, buildkit: one }), target({ engine })], { onLog });
  expect(buildkit?.builders).toEqual([]);
  const other = { ...NO_BUILDERS, builders: [{ address: 'unix:///a' }] };
  const targets = [target({ engine, buildkit: other }), target({ engine })];
  expect((await failureOf(() => sessionOptions(targets, { onLog }), 'usage')).code).toBe('TARGET_CONFLICT');
});

test('programs do not inherit the signing secrets of any target', () => {
  const sign = { key: 'env://RELEASE_KEY', format: 'bundle', 'password-env': 'RELEASE_PASSWORD' } as const;
  const { secrets } = sessionOptions([target(), target({ sign })], { onLog });
  expect(secrets).toEqual(['RELEASE_PASSWORD', 'RELEASE_KEY']);
});

/** A target from a directory, whose output directory does not exist yet. */
function directoryTarget(content: string): ReadyImageTarget {
  const home = plant(temporaryDirectory(), { 'root/file': content });
  const spec = artifactsSpec({
    engine: 'buildah',
    output: join(home, 'output'),
    lockFile: join(home, 'lock'),
  });
  return { image: `dir:${join(home, 'root')}`, spec };
}
const filesOf = ({ spec }: Target) => (existsSync(spec.output) ? readdirSync(spec.output) : 'nothing');
const optionsWith = (change: Partial<TargetsOptions> = {}): TargetsOptions => ({
  useCache: true,
  locked: false,
  offline: false,
  emit: () => undefined,
  onLog,
  ...change,
});

describe('planTargets', () => {
  test('lists the steps of all targets, and neither builds nor writes anything', async () => {
    const calls = useFakeBuildah();
    const targets = [directoryTarget('one'), directoryTarget('two')];
    const { steps: planned } = await planTargets(targets, optionsWith());
    const ids = ['image', 'audit', 'provenance'];
    expect(planned.map(({ id }) => id)).toEqual([...ids, ...ids]);
    expect(planned.map(({ state }) => state).slice(0, 2)).toEqual(['run', 'depends']);
    expect(calls()).toEqual(['--version']);
    expect(targets.map(filesOf)).toEqual(['nothing', 'nothing']);
  });
});

describe('runTargets', () => {
  test('plans first, reports failed targets in their order, and releases outputs and containers', async () => {
    const calls = useFakeBuildah();
    const targets = [directoryTarget('one'), directoryTarget('two')];
    const events: BuildEvent[] = [];
    const emit = (event: BuildEvent) => void events.push(event);
    const report = await runTargets(targets, optionsWith({ emit, continueOnError: true }));
    expect(events.map(({ type }) => type).slice(0, 2)).toEqual(['plan', 'start']);
    expect(report.targets).toMatchObject(
      targets.map(({ image }) => ({
        status: 'failed',
        error: { kind: 'step', message: expect.stringContaining(image) },
      })),
    );
    expect(targets.map(filesOf)).toEqual([[], []]);
    expect(calls().at(-2)).toMatch(/ rm --all$/);
    expect(calls().at(-1)).toMatch(/ containers --all --json$/);
  });

  test('stops at the first failure without continueOnError', async () => {
    useFakeBuildah();
    const { targets } = await runTargets([directoryTarget('one'), directoryTarget('two')], optionsWith());
    expect(targets.map(({ status }) => status).sort()).toEqual(['cancelled', 'failed']);
  });

  test('creates no output directory when a target cannot be built', async () => {
    useFakeBuildah();
    const good = directoryTarget('one');
    const bad = { ...directoryTarget('two'), image: 'bootstrap:bookworm' };
    await failureOf(() => runTargets([good, bad], optionsWith()), 'usage');
    expect(filesOf(good)).toBe('nothing');
  });

  test('releases the outputs when planning fails', async () => {
    useFakeBuildah();
    const targets = [directoryTarget('one'), { ...directoryTarget('two'), image: 'dir:/nowhere' }];
    const error = await failureOf(() => runTargets(targets, optionsWith()), 'usage');
    expect(error.message).toContain('/nowhere');
    expect(targets.map(filesOf)).toEqual([[], []]);
  });

  test('releases the outputs that it has opened when another build uses the next one', async () => {
    useFakeBuildah();
    const [first, second] = [directoryTarget('one'), directoryTarget('two')];
    const same = { ...directoryTarget('three'), spec: second.spec };
    const error = await failureOf(() => runTargets([first, second, same], optionsWith()), 'usage');
    expect(error.message).toContain(second.spec.output);
    expect([first, second].map(filesOf)).toEqual([[], []]);
  });

  test('releases the outputs and throws when a signal interrupts it', async () => {
    useFakeBuildah();
    const only = directoryTarget('one');
    const emit = ({ type }: BuildEvent) => {
      if (type === 'start') process.emit('SIGTERM', 'SIGTERM');
    };
    const error = await failureOf(() => runTargets([only], optionsWith({ emit })), 'interrupted');
    expect(error.message).toBe('interrupted by SIGTERM');
    expect(filesOf(only)).toEqual([]);
  });
});
