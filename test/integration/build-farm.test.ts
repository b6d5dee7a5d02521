import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { OS_ARTIFACT } from '../../src/factory/farm/kinds.ts';
import { placesOfBuilds } from '../../src/factory/farm/places-of-builds.ts';
import { reconcileArtifact } from '../../src/factory/farm/reconcile-artifact.ts';
import type { OSArtifact } from '../../src/factory/farm/status.ts';
import { createKubeApi } from '../../src/factory/kubernetes/create-kube-api.ts';
import { KIND } from '../../src/factory/kubernetes/kinds.ts';
import type { KubeApi } from '../../src/factory/kubernetes/kube-api.ts';
import { loadKubeConfig } from '../../src/factory/kubernetes/load-kube-config.ts';
import { createRequests } from '../../src/factory/kubernetes/request.ts';
import { type ControlPlane, startControlPlane } from '../support/cluster/control-plane.ts';
import { CLUSTER_PROGRAM, HAS_CLUSTER } from '../support/cluster/programs.ts';
import { PROJECT } from '../support/factory.ts';
import { tool } from '../support/tool.ts';
import { artifactOf, SPEC } from '../unit/factory/farm/cluster.ts';
import { EXAMPLES, exampleOf } from '../unit/factory/farm/fixtures.ts';

const OPERATOR = join(PROJECT, 'deploy/operator');
const ACCOUNT = 'system:serviceaccount:kairos-factory:kairos-factory-operator';

describe.skipIf(!HAS_CLUSTER)('the build farm with a real API server (needs its programs)', () => {
  let plane: ControlPlane;
  let api: KubeApi;
  const end = new AbortController();
  beforeAll(async () => {
    plane = await startControlPlane();
    const config = loadKubeConfig({ file: plane.kubeconfig, env: {} });
    const kinds = [...Object.values(KIND), OS_ARTIFACT];
    api = createKubeApi(
      createRequests(config, { signal: end.signal }),
      ({ kind }) => kinds.find((each) => each.kind === kind) ?? KIND.job,
    );
    await plane.kubectl('apply', '--server-side', '--kustomize', OPERATOR);
    await plane.kubectl('wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all');
  });
  afterAll(async () => {
    end.abort();
    await plane?.[Symbol.asyncDispose]();
  });

  test.each(EXAMPLES)('takes %s, and the Job that it becomes', async (file) => {
    await plane.apply(await readFile(join(PROJECT, 'test/fixtures/kubernetes', file), 'utf8'));
    const { name } = exampleOf(file).metadata;
    const ref = { kind: OS_ARTIFACT, name, namespace: 'default' };
    const ports = { api, image: 'registry.example.com/f:1', places: placesOfBuilds({ api, maxBuilds: 100 }) };
    const recordEvent = async () => undefined;
    await reconcileArtifact({ ...ports, recordEvent, now: () => Date.now() }, ref);
    const { status } = (await api.read<OSArtifact>(ref)) ?? {};
    expect(status).toMatchObject({ phase: 'Building', observedGeneration: 1 });
    expect(await api.read({ kind: KIND.job, name: status?.build ?? '', namespace: 'default' })).toBeDefined();
    expect(await plane.kubectl('get', 'osartifacts', name)).toContain('Building');
    await plane.kubectl('delete', 'osartifact', name);
  });

  test.each<[string, object, string]>([
    ['two sources', { ...SPEC, image: { ...SPEC.image, ref: 'a' } }, 'exactly one of image.ref'],
    ['no output', { ...SPEC, artifacts: { arch: 'amd64' } }, 'artifacts needs at least one output'],
    [
      'UKIs without keys',
      { ...SPEC, artifacts: { uki: { iso: true } } },
      'artifacts.uki.keysVolume is required',
    ],
    [
      'a reserved volume',
      { ...SPEC, volumes: [{ name: 'config', emptyDir: {} }] },
      'volumes has a reserved name',
    ],
    [
      'an undeclared volume',
      { ...SPEC, artifacts: { iso: true, overlayISOVolume: 'a' } },
      'overlayISOVolume names',
    ],
    ['a name that is not one', { ...SPEC, nameOverride: { iso: 'A B' } }, 'spec.nameOverride.iso'],
    ['an unknown field', { ...SPEC, isos: true }, 'unknown field "spec.isos"'],
  ])('refuses %s', async (_, spec, message) => {
    const { apiVersion, kind, metadata } = artifactOf(spec);
    const manifest = stringify({
      apiVersion,
      kind,
      metadata: { name: metadata.name, namespace: 'default' },
      spec,
    });
    await expect(plane.apply(manifest)).rejects.toThrow(message);
  });

  test.each([
    ['create', 'jobs.batch', true],
    ['create', 'persistentvolumeclaims', true],
    ['patch', 'osartifacts.build.kairos.io/status', true],
    ['create', 'pods/eviction', true],
    ['patch', 'nodes', true],
    ['get', 'secrets', false],
    ['list', 'secrets', false],
    ['delete', 'nodes', false],
    ['update', 'osartifacts.build.kairos.io', false],
    ['create', 'pods/exec', false],
    ['create', 'serviceaccounts/token', false],
    ['create', 'clusterrolebindings.rbac.authorization.k8s.io', false],
  ])('lets the operator %s %s: %s', async (verb, resource, isAllowed) => {
    const [type = '', subresource = ''] = resource.split('/');
    const args = [
      'auth',
      'can-i',
      verb,
      type,
      `--subresource=${subresource}`,
      '--as',
      ACCOUNT,
      '--all-namespaces',
    ];
    const answer = await plane.kubectl(...args).catch(() => 'no');
    expect(answer.trim()).toBe(isAllowed ? 'yes' : 'no');
  });

  test('takes the chart, too', async () => {
    const set = ['--set', 'image=registry.example.com/f:1', '--set', 'watchNamespace=default'];
    const args = [
      'template',
      'farm',
      join(OPERATOR, 'chart'),
      '--include-crds',
      '--namespace',
      'default',
      ...set,
    ];
    const manifests = await tool(CLUSTER_PROGRAM.helm, ...args);
    expect(await plane.apply(manifests, '--dry-run=server')).toContain(
      'deployment.apps/kairos-factory-operator',
    );
  });
});
