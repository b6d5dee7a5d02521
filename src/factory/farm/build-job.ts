import type { KubeObject, ObjectMeta } from '../kubernetes/objects.ts';
import { planBuild } from './build-plan.ts';
import { buildVolumes, type MountedVolume } from './build-volumes.ts';
import { largestResources } from './largest-resources.ts';
import { type FarmNames, labelsOf, ownedBy } from './names.ts';
import { FILE, PLACE } from './places.ts';
import type { Volume } from './schema-parts.ts';
import { POD_SECURITY, RESTRICTED, ROOTLESS_BUILD } from './security.ts';
import type { OSArtifactSpec } from './spec-fields.ts';

/** Space for artifacts, if the spec says nothing. */
const STORAGE = '10Gi';
/** What our containers need that read and write a few files. */
const SMALL = { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } };

/** What an OSArtifact is planned from. */
export interface FarmInput {
  readonly metadata: ObjectMeta;
  readonly spec: OSArtifactSpec;
  readonly names: FarmNames;
  /** The container image of this program. */
  readonly image: string;
}

/** The claim for the artifacts. */
export function artifactsClaim({
  metadata,
  spec,
  names,
}: Omit<FarmInput, 'image'>): KubeObject & { readonly spec: unknown } {
  const { name, uid = '', namespace = '' } = metadata;
  const { 'app.kubernetes.io/managed-by': managed = '', ...labels } = labelsOf(
    { name, uid },
    'build',
    names.claim,
  );
  const own = spec.volume ?? spec.artifacts?.volume ?? {};
  return {
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
    metadata: {
      ...{ name: names.claim, namespace, ownerReferences: [ownedBy(metadata)] },
      labels: { 'app.kubernetes.io/managed-by': managed, ...ownLabels(labels) },
    },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: STORAGE } }, ...own },
  };
}

/** A claim belongs to no single Job. */
function ownLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => label.includes('osartifact')));
}

/**
 * The ConfigMap with what is built. It has no secrets: those stay in their Secrets, which only the pod reads.
 * @throws FactoryError `usage` for names of images that are not any
 */
export function buildConfigMap({
  metadata,
  spec,
  names,
}: Omit<FarmInput, 'image'>): KubeObject & { readonly data: Record<string, string> } {
  const { plan } = planBuild(spec, { name: metadata.name, build: names.build });
  return {
    ...{ apiVersion: 'v1', kind: 'ConfigMap' },
    metadata: metadataOf(metadata, names.build),
    data: { 'plan.json': `${JSON.stringify(plan, null, 2)}\n` },
  };
}

function metadataOf(metadata: ObjectMeta, name: string): ObjectMeta {
  const { namespace = '' } = metadata;
  return { name, namespace, labels: labelsOf(metadata, 'build', name), ownerReferences: [ownedBy(metadata)] };
}

/**
 * The Job of a build: preparation, importers and build as init containers, one after the other, then the report.
 * @throws FactoryError `usage` for names of images that are not any
 */
export function buildJob({
  metadata,
  spec,
  names,
  image,
}: FarmInput): KubeObject & { readonly spec: unknown } {
  const { args } = planBuild(spec, { name: metadata.name, build: names.build });
  const volumes = buildVolumes(spec, names);
  const { artifacts, work, plan, cache, template, inputs } = volumes;
  const own = { image, terminationMessagePolicy: 'FallbackToLogsOnError' };
  const small = { ...own, resources: SMALL, securityContext: RESTRICTED };
  const pod = {
    ...{ restartPolicy: 'Never', automountServiceAccountToken: false, enableServiceLinks: false },
    securityContext: POD_SECURITY,
    ...placement(spec),
    volumes: distinct([
      ...[artifacts, work, plan, cache, ...template, ...inputs].map(({ volume }) => volume),
      ...volumes.declared,
    ]),
    initContainers: [
      {
        ...{ name: 'prepare', ...small, args: ['farm', 'prepare', FILE.plan] },
        volumeMounts: mounts([artifacts, work, plan, ...template]),
      },
      ...(spec.importers ?? []),
      {
        ...{ name: 'build', ...own, args },
        env: environment(spec),
        resources: largestResources(Object.values(spec.resources ?? {})),
        securityContext: ROOTLESS_BUILD,
        volumeMounts: mounts([artifacts, work, cache, ...inputs]),
      },
    ],
    containers: [
      {
        ...{ name: 'report', ...small, args: ['farm', 'report', FILE.plan] },
        volumeMounts: mounts([artifacts, plan]),
      },
    ],
  };
  return {
    ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: metadataOf(metadata, names.build) },
    spec: {
      backoffLimit: spec.factory?.retries ?? 1,
      activeDeadlineSeconds: spec.factory?.timeoutSeconds ?? 2 * 3600,
      // Two pods must not write to one volume; and a node that is drained is not a failure of the build.
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
      template: {
        metadata: {
          labels: { ...spec.podLabels, ...labelsOf(metadata, 'build', names.build) },
          ...(spec.podAnnotations && { annotations: spec.podAnnotations }),
        },
        spec: pod,
      },
    },
  };
}

/** Where the pod runs. An architecture needs a node of it, unless a builder has one. */
function placement(spec: OSArtifactSpec): Record<string, unknown> {
  const { arch } = spec.artifacts ?? {};
  const byArch = arch === undefined || spec.factory?.builder ? {} : { 'kubernetes.io/arch': arch };
  const nodeSelector = { ...byArch, ...spec.nodeSelector };
  return {
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
    ...(spec.tolerations && { tolerations: spec.tolerations }),
    ...(spec.affinity && { affinity: spec.affinity }),
    ...(spec.imagePullSecrets && { imagePullSecrets: spec.imagePullSecrets }),
  };
}

function environment({ image }: OSArtifactSpec): object[] {
  return [
    ...(image?.buildEnv ?? []),
    { name: 'KAIROS_FACTORY_CACHE', value: PLACE.cache },
    ...(image?.imageCredentialsSecretRef ? [{ name: 'DOCKER_CONFIG', value: PLACE.credentials }] : []),
    ...(image?.caCertificatesVolume === undefined
      ? []
      : [{ name: 'NODE_EXTRA_CA_CERTS', value: FILE.authorities }]),
  ];
}

/** Variables that a spec cannot set. */
export const OWN_VARIABLES: readonly string[] = [
  'KAIROS_FACTORY_CACHE',
  'DOCKER_CONFIG',
  'NODE_EXTRA_CA_CERTS',
  'HOME',
];

function mounts(volumes: readonly MountedVolume[]): object[] {
  return volumes.map(({ volume, mountPath, readOnly }) => ({
    ...{ name: volume.name, mountPath },
    ...(readOnly && { readOnly }),
  }));
}

function distinct(volumes: readonly (MountedVolume['volume'] | Volume)[]): unknown[] {
  return [...new Map(volumes.map((volume) => [volume.name, volume])).values()];
}
