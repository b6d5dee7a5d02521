import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import {
  artifactsClaim,
  buildConfigMap,
  buildJob,
  type FarmInput,
} from '../../../../src/factory/farm/build-job.ts';
import { exportJob } from '../../../../src/factory/farm/export-job.ts';
import { farmNames } from '../../../../src/factory/farm/names.ts';
import { readSpec } from '../../../../src/factory/farm/read-spec.ts';
import { IMAGE } from './cluster.ts';
import { EXAMPLES, exampleOf } from './fixtures.ts';

const GOLDEN = join(import.meta.dirname, '../../../fixtures/kubernetes/planned');

function inputOf(file: string): FarmInput {
  const artifact = exampleOf(file);
  const spec = readSpec(artifact);
  if (typeof spec === 'string') throw new Error(spec);
  return { metadata: artifact.metadata, spec, names: farmNames(artifact.metadata, spec), image: IMAGE };
}

// If this fails because the plan has changed on purpose, run the test with --update.
test.each(EXAMPLES)('%s becomes the objects of its golden file', async (file) => {
  const input = inputOf(file);
  const exports = (input.spec.exporters ?? []).map((_, index) => exportJob(input, index));
  const objects = [artifactsClaim(input), buildConfigMap(input), buildJob(input), ...exports];
  const text = objects
    .map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 }))
    .join('---\n');
  await expect(text).toMatchFileSnapshot(join(GOLDEN, file));
});

interface Context {
  readonly name: string;
  readonly securityContext?: Readonly<Record<string, unknown>>;
}
interface PodSpec {
  readonly initContainers: readonly Context[];
  readonly containers: readonly Context[];
  readonly automountServiceAccountToken: boolean;
  readonly [field: string]: unknown;
}

describe.each(EXAMPLES)('the pod of %s', (file) => {
  const { spec } = buildJob(inputOf(file)) as unknown as {
    readonly spec: { readonly template: { readonly spec: PodSpec } };
  };
  const pod = spec.template.spec;

  test('has no token, no namespace of the node and no path of it', () => {
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(JSON.stringify(pod)).not.toMatch(
      /hostPath|hostNetwork|hostPID|hostIPC|"privileged":true|serviceAccountName/,
    );
  });

  test('gives the build two capabilities, and the other containers of ours none', () => {
    const own = [...pod.initContainers, ...pod.containers].filter(({ name }) =>
      ['prepare', 'build', 'report'].includes(name),
    );
    expect(
      own.map(({ name, securityContext }) => [
        name,
        securityContext?.['capabilities'],
        securityContext?.['allowPrivilegeEscalation'],
        securityContext?.['runAsNonRoot'],
      ]),
    ).toEqual([
      ['prepare', { drop: ['ALL'] }, false, true],
      ['build', { drop: ['ALL'], add: ['SETUID', 'SETGID'] }, true, true],
      ['report', { drop: ['ALL'] }, false, true],
    ]);
  });
});

test('a builder does the image, so the pod needs no node of the architecture', () => {
  const { spec, ...input } = inputOf('osartifact-prebuilt.yaml');
  const pod = (each: FarmInput) => JSON.stringify(buildJob(each).spec);
  expect(pod({ ...input, spec })).toContain('"kubernetes.io/arch":"amd64"');
  const builder = { address: 'tcp://a:1', tlsSecretRef: { name: 'tls' } };
  const remote = { ...spec, factory: { builder, timeoutSeconds: 60, retries: 0 } };
  expect(pod({ ...input, spec: remote })).not.toContain('kubernetes.io/arch');
});

test('an exporter gets the artifacts where it does not say where', () => {
  const { spec, ...input } = inputOf('osartifact-exporters.yaml');
  const exporter = { template: { spec: { containers: [{ name: 'a', image: 'b' }] } } };
  const changed = { ...spec, exporters: [exporter] };
  const names = farmNames(input.metadata, changed);
  expect(JSON.stringify(exportJob({ ...input, spec: changed, names }, 0))).toContain(
    '"volumeMounts":[{"name":"artifacts","mountPath":"/artifacts"}]',
  );
});
