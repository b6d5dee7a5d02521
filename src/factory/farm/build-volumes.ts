import { PLACE, volumePlace } from './places.ts';
import { RESERVED_PREFIX } from './schema-parts.ts';
import type { OSArtifactSpec } from './spec-fields.ts';

/** A volume of the pod, and where the build sees it. */
export interface MountedVolume {
  readonly volume: { readonly name: string; readonly [source: string]: unknown };
  readonly mountPath: string;
  readonly readOnly?: true;
}

/** The volumes that each container of a build has. */
export interface BuildVolumes {
  /** The volume of the artifacts. */
  readonly artifacts: MountedVolume;
  readonly work: MountedVolume;
  readonly plan: MountedVolume;
  readonly cache: MountedVolume;
  /** What rendering the Containerfile needs. */
  readonly template: readonly MountedVolume[];
  /** Everything else that the build reads: secrets by reference, and volumes of the spec. */
  readonly inputs: readonly MountedVolume[];
  /** All volumes of the spec. */
  readonly declared: readonly MountedVolume['volume'][];
}

const secret = (
  name: string,
  secretName: string,
  items?: readonly (readonly [key: string, path: string])[],
) => ({
  name,
  secret: {
    secretName,
    defaultMode: 0o440,
    ...(items && { items: items.map(([key, path]) => ({ key, path })) }),
  },
});

/** Plans the volumes of a build. @param names of the claim and of the ConfigMap */
export function buildVolumes(
  spec: OSArtifactSpec,
  names: { readonly claim: string; readonly build: string },
): BuildVolumes {
  const { image, artifacts, factory } = spec;
  const read = (volume: MountedVolume['volume'], mountPath: string): MountedVolume => ({
    ...{ volume, mountPath, readOnly: true },
  });
  const { ociSpec, imageCredentialsSecretRef: credentials } = image ?? {};
  return {
    artifacts: {
      volume: { name: 'artifacts', persistentVolumeClaim: { claimName: names.claim } },
      mountPath: PLACE.artifacts,
    },
    work: { volume: { name: `${RESERVED_PREFIX}work`, emptyDir: {} }, mountPath: PLACE.work },
    plan: read({ name: 'config', configMap: { name: names.build } }, PLACE.plan),
    cache: { volume: { name: 'rootfs', emptyDir: {} }, mountPath: PLACE.cache },
    template: [
      ...(ociSpec
        ? [
            read(
              secret('ocispec', ociSpec.ref.name, [[ociSpec.ref.key, 'Containerfile']]),
              PLACE.containerfile,
            ),
          ]
        : []),
      ...(ociSpec?.templateValuesFrom
        ? [read(secret(`${RESERVED_PREFIX}values`, ociSpec.templateValuesFrom.name), PLACE.values)]
        : []),
      ...mounted(spec, [image?.caCertificatesVolume]),
    ],
    inputs: [
      ...(artifacts?.cloudConfigRef
        ? [
            read(
              secret('cloudconfig', artifacts.cloudConfigRef.name, [
                [artifacts.cloudConfigRef.key, 'cloud-config.yaml'],
              ]),
              PLACE.cloudConfig,
            ),
          ]
        : []),
      ...(credentials
        ? [
            read(
              secret(`${RESERVED_PREFIX}credentials`, credentials.name, [[credentials.key, 'config.json']]),
              PLACE.credentials,
            ),
          ]
        : []),
      ...(factory?.sign ? [read(signing(factory.sign.secretRef.name), PLACE.signing)] : []),
      ...(factory?.builder ? [read(builderTls(factory.builder.tlsSecretRef.name), PLACE.builder)] : []),
      ...(factory?.configuration ? [read(configuration(factory.configuration), PLACE.configuration)] : []),
      ...mounted(spec, [
        artifacts?.overlayISOVolume,
        artifacts?.overlayRootfsVolume,
        ociSpec?.buildContextVolume,
      ]),
    ],
    declared: spec.volumes ?? [],
  };
}

const signing = (name: string) =>
  secret(`${RESERVED_PREFIX}signing`, name, [
    ['cosign.key', 'cosign.key'],
    ['cosign.password', 'cosign.password'],
  ]);

/** The names that `kubernetes.io/tls` has, as those that `--builder-tls` reads. */
const builderTls = (name: string) =>
  secret(`${RESERVED_PREFIX}builder`, name, [
    ['ca.crt', 'ca.pem'],
    ['tls.crt', 'cert.pem'],
    ['tls.key', 'key.pem'],
  ]);

const configuration = ({ name, key }: { readonly name: string; readonly key: string }) => ({
  name: `${RESERVED_PREFIX}configuration`,
  configMap: { name, items: [{ key, path: 'kairos-factory.yaml' }] },
});

/** Volumes of the spec that the build itself reads, each once. */
function mounted({ volumes = [] }: OSArtifactSpec, names: readonly (string | undefined)[]): MountedVolume[] {
  return volumes
    .filter(({ name }) => names.includes(name))
    .map((volume) => ({ volume, mountPath: volumePlace(volume.name), readOnly: true }));
}
