import type { Controller, KubeCache } from '../kubernetes/controller.ts';
import { KIND } from '../kubernetes/kinds.ts';
import type { KubeObject } from '../kubernetes/objects.ts';
import { OS_ARTIFACT } from './kinds.ts';
import { BUILDS, LABEL } from './names.ts';
import { type FarmPorts, reconcileArtifact } from './reconcile-artifact.ts';
import type { OSArtifact } from './status.ts';

/** The controller of OSArtifacts: each becomes a Job that builds it, and Jobs that export what was built. */
export function createFarmController(ports: FarmPorts): Controller {
  return {
    name: 'osartifact',
    watches: [
      { kind: OS_ARTIFACT, keysOf: ({ metadata }) => [`${metadata.namespace}/${metadata.name}`] },
      { kind: KIND.job, labels: LABEL.owner, keysOf: jobKeys },
      { kind: KIND.pod, labels: BUILDS, keysOf: ownKeys },
    ],
    reconcile: (key) => {
      const [namespace = '', name = ''] = key.split('/');
      return reconcileArtifact(ports, { namespace, name });
    },
  };
}

/** A Job's own OSArtifact; and those that wait, for which it may have made room. */
function jobKeys(job: KubeObject, cache: KubeCache): string[] {
  const waiting = cache
    .list<OSArtifact>(OS_ARTIFACT)
    .filter(({ status }) => status?.phase === 'Pending')
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return [...new Set([...ownKeys(job, cache), ...waiting])];
}

function ownKeys({ metadata }: KubeObject, cache: KubeCache): string[] {
  const { namespace, labels = {} } = metadata;
  const owner = cache
    .list<OSArtifact>(OS_ARTIFACT, namespace)
    .find((artifact) => artifact.metadata.uid === labels[LABEL.owner]);
  return owner === undefined ? [] : [`${namespace}/${owner.metadata.name}`];
}
