import { placesOfBuilds } from '../../../../src/factory/farm/places-of-builds.ts';
import { reconcileArtifact } from '../../../../src/factory/farm/reconcile-artifact.ts';
import type { OSArtifact } from '../../../../src/factory/farm/status.ts';
import type { Kind } from '../../../../src/factory/kubernetes/kinds.ts';
import type { KubeApi, Selection } from '../../../../src/factory/kubernetes/kube-api.ts';
import type { Job, KubeObject, ObjectMeta } from '../../../../src/factory/kubernetes/objects.ts';
import type { ObjectEvent } from '../../../../src/factory/kubernetes/record-event.ts';
import { type FakeApi, fakeApi } from '../node-operations/fake-api.ts';

export const IMAGE = 'registry.example.com/team/kairos-factory:v1';
export const DIGEST = `sha256:${'a'.repeat(64)}`;
export const ISO = { kind: 'iso', file: 'os.iso', size: 1000, sha256: 'b'.repeat(64) };

/** A build that the schema accepts. */
export const SPEC = {
  image: {
    buildOptions: { version: 'v1.2.3', baseImage: 'registry.example.com/base:1' },
    buildImage: { registry: 'registry.example.com', repository: 'team/os', tag: 'v1.2.3' },
    push: true,
  },
  artifacts: { iso: true },
};

/** An OSArtifact, as the API server has it. */
export function artifactOf(spec: unknown, metadata: object = {}): OSArtifact & Record<string, unknown> {
  return {
    ...{ apiVersion: 'build.kairos.io/v1alpha2', kind: 'OSArtifact' },
    metadata: { name: 'os', namespace: 'farm', uid: 'uid-os', generation: 1, ...metadata },
    spec,
  };
}

/** The controller over an API server in memory, and what a cluster does around it. */
export function cluster({ maxBuilds = 2 } = {}) {
  const fake: FakeApi = fakeApi(() => 0);
  const api: KubeApi = {
    ...fake.api,
    list: async <T extends KubeObject>(kind: Kind, selection: Selection = {}) => {
      const { namespace, labels = '' } = selection;
      const wanted = labels
        .split(',')
        .filter(Boolean)
        .map((each) => each.split('='));
      const all = await fake.api.list<T>(kind);
      return all.filter(
        ({ metadata }) =>
          (namespace === undefined || metadata.namespace === namespace) &&
          wanted.every(([key = '', value]) => metadata.labels?.[key] === value),
      );
    },
  };
  const events: ObjectEvent[] = [];
  const start = () => ({
    ...{ api, image: IMAGE, places: placesOfBuilds({ api, maxBuilds }), now: () => 0 },
    recordEvent: async (event: ObjectEvent) => void events.push(event),
  });
  let ports = start();
  const reconcile = (name = 'os') => reconcileArtifact(ports, { namespace: 'farm', name });
  const jobs = () => fake.all<Job>('Job');
  /** Ends a Job, and its pod says something. */
  const end = (
    job: string,
    how: 'Complete' | 'Failed',
    container: {
      readonly name: string;
      readonly exitCode: number;
      readonly message?: string;
      readonly reason?: string;
    },
  ) => {
    const metadata: ObjectMeta = fake.get<Job>('Job', job)?.metadata ?? { name: job };
    const terminated = { reason: 'Error', ...container };
    const isInit = container.name !== 'report' && !job.includes('-export-');
    const statuses = [{ name: container.name, state: { terminated } }];
    const name = `${job}-pod`;
    fake.put({
      ...{ apiVersion: 'v1', kind: 'Pod' },
      metadata: {
        ...{ name, namespace: 'farm', labels: { ...metadata.labels } },
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: job, uid: metadata.uid ?? '' }],
      },
      status: {
        phase: how === 'Complete' ? 'Succeeded' : 'Failed',
        [isInit ? 'initContainerStatuses' : 'containerStatuses']: statuses,
      },
    });
    fake.change('Job', job, {
      status: { conditions: [{ type: how, status: 'True', reason: container.reason }] },
    });
  };
  return {
    ...{ fake, api, events, reconcile, jobs, end },
    restart: () => {
      fake.killAt = undefined;
      ports = start();
    },
    status: (name = 'os') => fake.get<OSArtifact>('OSArtifact', name)?.status,
    succeed: () => {
      const build = jobs().find(({ metadata }) => metadata.labels?.['build.kairos.io/part'] === 'build');
      const message = JSON.stringify({ digest: DIGEST, artifacts: [ISO] });
      end(build?.metadata.name ?? '', 'Complete', { name: 'report', exitCode: 0, message });
    },
  };
}
