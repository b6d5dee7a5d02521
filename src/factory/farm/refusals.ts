import { OWN_VARIABLES } from './build-job.ts';
import { isReserved } from './rules.ts';
import type { Container, Exporter, Volume } from './schema-parts.ts';
import type { OSArtifactSpec } from './spec-fields.ts';

/** Names of the containers that every build has. */
export const OWN_CONTAINERS: readonly string[] = ['prepare', 'build', 'report'];

/** Fields of upstream that nothing here could honour, and what to do instead. */
const UNSUPPORTED: readonly {
  readonly field: string;
  readonly isUsed: (spec: OSArtifactSpec) => boolean | undefined;
  readonly why: string;
}[] = [
  {
    field: 'image.buildOptions.trustedBoot',
    isUsed: ({ image }) => image?.buildOptions?.trustedBoot,
    why: 'images for Trusted Boot are not made',
  },
  {
    field: 'image.buildOptions.fips',
    isUsed: ({ image }) => image?.buildOptions?.fips,
    why: 'images for FIPS are not made: use a base image that is one',
  },
  {
    field: 'artifacts.uki',
    isUsed: ({ artifacts }) => artifacts?.uki?.iso || artifacts?.uki?.container || artifacts?.uki?.efi,
    why: 'unified kernel images are not made',
  },
  {
    field: 'artifacts.diskSize',
    isUsed: ({ artifacts }) => artifacts?.diskSize !== undefined,
    why: 'disks are as large as their content, and grow when they first boot; factory.configuration can set disk.persistent',
  },
  {
    field: 'artifacts.netbootURL',
    isUsed: ({ artifacts }) => artifacts?.netbootURL !== undefined,
    why: 'the iPXE script loads the files from where it is itself',
  },
  {
    field: 'artifacts.grubConfig',
    isUsed: ({ artifacts }) => artifacts?.grubConfig !== undefined,
    why: 'put the file into a volume for artifacts.overlayISOVolume',
  },
  {
    field: 'artifacts.osRelease',
    isUsed: ({ artifacts }) => artifacts?.osRelease !== undefined,
    why: 'the release file says what the image is; put others into a volume for artifacts.overlayRootfsVolume',
  },
  {
    field: 'artifacts.kairosRelease',
    isUsed: ({ artifacts }) => artifacts?.kairosRelease !== undefined,
    why: 'the release file says what the image is',
  },
  {
    field: 'artifacts.bundles',
    isUsed: ({ artifacts, image }) => artifacts?.bundles !== undefined && image?.ref !== undefined,
    why: 'a finished image gets no bundles: build one with image.buildOptions',
  },
  {
    field: 'nameOverride.uki',
    isUsed: ({ nameOverride }) => nameOverride?.uki !== undefined,
    why: 'unified kernel images are not made',
  },
  {
    field: 'resources.uki',
    isUsed: ({ resources }) => resources?.uki !== undefined,
    why: 'unified kernel images are not made',
  },
];

/** With a configuration of its own, these fields would have two meanings. */
const NOT_WITH_CONFIGURATION = ['artifacts', 'nameOverride'] as const;

/** Says what a spec asks for that nothing here may or can do; empty if it can be built. Each text names its field. */
export function refusals(spec: OSArtifactSpec): string[] {
  return [
    ...UNSUPPORTED.filter(({ isUsed }) => isUsed(spec)).map(
      ({ field, why }) => `${field} is not supported: ${why}`,
    ),
    ...configurationRefusals(spec),
    ...(spec.image?.buildEnv ?? [])
      .filter(({ name }) => OWN_VARIABLES.includes(name))
      .map(({ name }) => `image.buildEnv must not set ${name}: the build sets it`),
    ...(spec.volumes ?? []).flatMap((volume, index) => volumeRefusals(volume, `volumes[${index}]`)),
    ...(spec.importers ?? []).flatMap((importer, index) =>
      importerRefusals(spec, importer, `importers[${index}]`),
    ),
    ...(spec.exporters ?? []).flatMap((exporter, index) => exporterRefusals(exporter, `exporters[${index}]`)),
  ];
}

function configurationRefusals(spec: OSArtifactSpec): string[] {
  if (spec.factory?.configuration === undefined) return [];
  const insecure = spec.image?.pullInsecureRegistry
    ? ['image.pullInsecureRegistry is not supported with factory.configuration: its key registries says it']
    : [];
  const fields = NOT_WITH_CONFIGURATION.filter(
    (field) => spec[field] !== undefined && !isOnlyPlace(spec, field),
  ).map((field) => `${field} is not supported with factory.configuration: the configuration says it`);
  return [...insecure, ...fields];
}

/** Where a build runs, and where its files go, is not part of a configuration. */
function isOnlyPlace(
  { artifacts = {} }: { readonly artifacts?: object | undefined },
  field: string,
): boolean {
  const set = Object.entries(artifacts).filter(([, value]) => value !== undefined && value !== false);
  return field === 'artifacts' && set.every(([key]) => key === 'arch' || key === 'volume');
}

/** What reaches beyond the namespace, for which the right to make an OSArtifact is not meant. */
function volumeRefusals(volume: Volume, at: string): string[] {
  return volume['hostPath'] === undefined
    ? []
    : [`${at}.hostPath is not supported: builds do not reach the files of a node`];
}

function importerRefusals(spec: OSArtifactSpec, importer: Container, at: string): string[] {
  const names = new Set([...(spec.volumes ?? []).map(({ name }) => name)]);
  return [
    ...(OWN_CONTAINERS.includes(importer.name)
      ? [`${at}.name is reserved: ${OWN_CONTAINERS.join(', ')} are`]
      : []),
    ...(importer.volumeMounts ?? [])
      .filter(({ name }) => !names.has(name))
      .map(({ name }) => `${at} names the volume ${name}, which volumes does not declare`),
    ...containerRefusals(importer, at),
  ];
}

function exporterRefusals({ template: { spec } }: Exporter, at: string): string[] {
  const declared = new Set(['artifacts', ...(spec.volumes ?? []).map(({ name }) => name)]);
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return [
    ...['hostNetwork', 'hostPID', 'hostIPC']
      .filter((field) => spec[field] === true)
      .map((field) => `${at}: ${field} is not supported: exporters do not reach the node`),
    ...(spec.volumes ?? []).flatMap((volume) => [
      ...(isReserved(volume.name) ? [`${at} has a volume with the reserved name ${volume.name}`] : []),
      ...volumeRefusals(volume, at),
    ]),
    ...containers.flatMap((container) => [
      ...(container.volumeMounts ?? [])
        .filter(({ name }) => !declared.has(name))
        .map(({ name }) => `${at} names the volume ${name}, which it does not declare`),
      ...containerRefusals(container, at),
    ]),
  ];
}

function containerRefusals(container: Container, at: string): string[] {
  const context = container['securityContext'] as { readonly privileged?: unknown } | undefined;
  return context?.privileged === true ? [`${at}: a privileged container is not supported`] : [];
}
