import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseFlavor } from '../../../../src/factory/catalog/flavors/choose.ts';
import { loadModel } from '../../../../src/factory/catalog/models/load.ts';
import { ARTIFACT_KINDS } from '../../../../src/factory/config/artifact-kinds.ts';
import { parseBaseReference } from '../../../../src/factory/config/base-reference.ts';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import type { BuildSpec } from '../../../../src/factory/config/schema.ts';
import { artifactsGraph, baseReference, buildGraph } from '../../../../src/factory/pipeline/graph.ts';
import { FLAVORS, MODELS } from '../../../../src/factory/pipeline/project-files.ts';
import type { Step } from '../../../../src/factory/pipeline/step.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { testEnvironment } from './support/environment.ts';

const { signal } = new AbortController();
const env = testEnvironment();
const debian = await chooseFlavor(FLAVORS, 'debian');
const generic = await loadModel(MODELS, 'generic');
const plain = await loadBuildSpec({ set: [], flags: { flavor: 'debian' } });

const HIGH = { severity: 'high', unlessMissing: false } as const;

const graph = (change: Partial<BuildSpec> = {}) =>
  buildGraph(env, { spec: { ...plain, ...change }, choice: debian, model: generic }, signal);
const ids = (steps: readonly Step[]) => steps.map(({ id }) => id);
const needsOf = (steps: readonly Step[], id: string) => steps.find((step) => step.id === id)?.needs ?? [];

describe('the steps of a build', () => {
  test('include the sources, the image, the gates, the parts and the artifacts', () => {
    expect(ids(graph({ artifacts: ['iso'] }))).toEqual([
      'base',
      'image',
      'sbom',
      'audit',
      'boot',
      'squashfs',
      'artifact:iso',
      'checksum:iso',
      'provenance',
    ]);
  });

  test.each<[string, Partial<BuildSpec>, string[]]>([
    ['have no parts without artifacts', { artifacts: [] }, ['base', 'image', 'sbom', 'audit', 'provenance']],
    [
      'have no SBOM step without SBOMs',
      { artifacts: [], sbom: false },
      ['base', 'image', 'audit', 'provenance'],
    ],
    [
      'have a gate for a limit on vulnerabilities',
      { artifacts: [], sbom: true, failOn: HIGH },
      ['base', 'image', 'sbom', 'audit', 'vulnerabilities', 'provenance'],
    ],
    [
      'import the image of a separate kernel',
      { artifacts: [], sbom: false, kernelFrom: 'dir:/kernel' },
      ['base', 'kernel', 'image', 'audit', 'provenance'],
    ],
  ])('%s', (_, change, expected) => {
    expect(ids(graph(change))).toEqual(expected);
  });

  test('apply a Containerfile before the image only in stage before', () => {
    const home = plant(temporaryDirectory(), { Containerfile: 'FROM ${BASE_IMAGE}\n' });
    const containerfile = { file: join(home, 'Containerfile'), context: home, products: [] };
    const stages = (['before', 'after'] as const).map((stage) =>
      ids(graph({ containerfile: { ...containerfile, stage } })).includes('containerfile'),
    );
    expect(stages).toEqual([true, false]);
  });

  test('build the raw disk that a qcow2 needs', () => {
    const steps = graph({ artifacts: ['qcow2'] });
    expect(ids(steps)).toEqual(expect.arrayContaining(['artifact:raw', 'checksum:raw']));
    expect(needsOf(steps, 'artifact:qcow2')).toContain('artifact:raw');
  });

  test.each([
    ['ova', ['raw', 'vmdk', 'ova']],
    ['netboot', ['squashfs', 'netboot']],
  ] as const)('build all that %s is made from, and what that is made from', (kind, made) => {
    const found = ids(graph({ artifacts: [kind] })).filter((id) => id.startsWith('artifact:'));
    expect(found).toEqual(made.map((each) => `artifact:${each}`));
  });

  test('put no artifact in place before the gates pass', () => {
    const steps = graph({ artifacts: [...ARTIFACT_KINDS], failOn: HIGH });
    for (const kind of ARTIFACT_KINDS)
      expect(needsOf(steps, `artifact:${kind}`), kind).toEqual(
        expect.arrayContaining(['image', 'audit', 'vulnerabilities']),
      );
  });

  test('need only earlier steps and are unique, for any specification', () => {
    fc.assert(
      fc.property(
        fc.subarray([...ARTIFACT_KINDS]),
        fc.boolean(),
        fc.constantFrom(undefined, HIGH),
        fc.constantFrom(undefined, 'dir:/kernel'),
        (artifacts, sbom, failOn, kernelFrom) => {
          // A limit on vulnerabilities needs an SBOM, which the specification enables.
          const steps = graph({ artifacts, sbom: sbom || failOn !== undefined, failOn, kernelFrom });
          const before = new Set<string>();
          for (const { id, needs } of steps) {
            expect([id, needs.filter((need) => !before.has(need))]).toEqual([id, []]);
            expect(before.has(id)).toBe(false);
            before.add(id);
          }
        },
      ),
    );
  });
});

test('the steps for an existing image start with the image and have no base', () => {
  const image = parseBaseReference('oci:/image', '/');
  const steps = artifactsGraph(env, { spec: { ...plain, artifacts: ['squashfs'] }, image }, signal);
  expect(ids(steps)).toEqual([
    'image',
    'sbom',
    'audit',
    'squashfs',
    'artifact:squashfs',
    'checksum:squashfs',
    'provenance',
  ]);
});

test('a base of kind bootstrap uses its suite, any other base its reference', () => {
  expect(baseReference({ kind: 'reference', reference: 'oci:/base:v1' })).toMatchObject({
    kind: 'oci',
    path: '/base',
  });
});
