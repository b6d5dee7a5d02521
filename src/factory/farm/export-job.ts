import type { KubeObject } from '../kubernetes/objects.ts';
import type { FarmInput } from './build-job.ts';
import { labelsOf, ownedBy } from './names.ts';
import { PLACE } from './places.ts';
import type { Container } from './schema-parts.ts';

/** The Job of an exporter: that of the spec, with the artifacts at `/artifacts` in each container that does not say where. */
export function exportJob(
  { metadata, spec, names }: Omit<FarmInput, 'image'>,
  index: number,
): KubeObject & { readonly spec: unknown } {
  const name = names.exports[index];
  const exporter = spec.exporters?.[index];
  if (name === undefined || exporter === undefined) throw new RangeError(`there is no exporter ${index}`);
  const { template, ...job } = exporter;
  const { metadata: own = {}, spec: pod } = template as typeof template & {
    readonly metadata?: { readonly labels?: object; readonly annotations?: object };
  };
  const labels = labelsOf(metadata, 'export', name);
  const { namespace = '' } = metadata;
  return {
    ...{ apiVersion: 'batch/v1', kind: 'Job' },
    metadata: { name, namespace, labels, ownerReferences: [ownedBy(metadata)] },
    spec: {
      ...job,
      template: {
        metadata: { ...own, labels: { ...own.labels, ...labels } },
        spec: {
          ...{ restartPolicy: 'Never', automountServiceAccountToken: false },
          ...(spec.imagePullSecrets && { imagePullSecrets: spec.imagePullSecrets }),
          ...pod,
          ...(pod.initContainers && { initContainers: pod.initContainers.map(withArtifacts) }),
          containers: pod.containers.map(withArtifacts),
          volumes: [
            ...(pod.volumes ?? []),
            { name: 'artifacts', persistentVolumeClaim: { claimName: names.claim } },
          ],
        },
      },
    },
  };
}

function withArtifacts(container: Container): Container {
  const { volumeMounts = [] } = container;
  if (volumeMounts.some(({ name }) => name === 'artifacts')) return container;
  return { ...container, volumeMounts: [...volumeMounts, { name: 'artifacts', mountPath: PLACE.artifacts }] };
}
