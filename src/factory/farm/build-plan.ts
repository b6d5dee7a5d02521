import { z } from 'zod';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { ARTIFACT_KINDS, type ArtifactKind } from '../config/artifact-kinds.ts';
import { FILE, PLACE, volumePlace } from './places.ts';
import { type OSArtifactSpec, OUTPUTS, type Output } from './spec-fields.ts';

/** What the containers of a build have to know, apart from secrets: `plan.json` of its ConfigMap. */
export const BuildPlan = z.strictObject({
  /** Name of the Job. Files of another one are removed from the volume. */
  build: z.string(),
  /** The configuration; absent when it comes from a ConfigMap of the user, or when there is an image already. */
  configuration: z.record(z.string(), z.unknown()).optional(),
  /** Values of the Containerfile; absent without one. */
  values: z.record(z.string(), z.string()).optional(),
  /** Whether the registry of a base that the Containerfile names is insecure. */
  insecureBase: z.boolean(),
  /** Directory with certificates of authorities. */
  authorities: z.string().optional(),
  /** Base names of artifacts by their kind. */
  names: z.partialRecord(z.enum(ARTIFACT_KINDS), z.string()),
});
export type BuildPlan = z.output<typeof BuildPlan>;

/** What an OSArtifact leads to, before it is a pod. */
export interface PlannedBuild {
  readonly plan: BuildPlan;
  /** Arguments of kairos-factory. */
  readonly args: readonly string[];
}

/**
 * Plans the build of a spec that {@link file://./read-spec.ts} has read.
 * @throws FactoryError `usage` for names of images that are not any
 */
export function planBuild(
  spec: OSArtifactSpec,
  { name, build }: { readonly name: string; readonly build: string },
): PlannedBuild {
  const { image, factory } = spec;
  const plan = {
    ...{ build, insecureBase: image?.pullInsecureRegistry ?? false, names: baseNames(spec, name) },
    ...(image?.caCertificatesVolume !== undefined && {
      authorities: volumePlace(image.caCertificatesVolume),
    }),
  };
  const common = commonKeys(spec);
  if (factory?.configuration !== undefined) {
    const only = (factory.targets ?? []).length > 0 ? ['--only', (factory.targets ?? []).join(',')] : [];
    return { plan, args: ['build', '--config', FILE.ownConfiguration, ...only, ...settings(common)] };
  }
  const keys = { ...common, ...artifactKeys(spec) };
  if (image?.ref !== undefined) return { plan, args: ['artifacts', '--image', image.ref, ...settings(keys)] };
  const configuration = { ...keys, ...imageKeys(spec) };
  const values = image?.ociSpec && { values: image.ociSpec.templateValues ?? {} };
  return { plan: { ...plan, ...values, configuration }, args: ['build', '--config', FILE.configuration] };
}

function settings(keys: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(keys).flatMap(([key, value]) => ['--set', `${key}=${JSON.stringify(value)}`]);
}

/** Keys that say how and where, and not what. */
function commonKeys({ image, factory }: OSArtifactSpec): Record<string, unknown> {
  const { builder } = factory ?? {};
  const registries = registrySettings(image);
  return {
    ...{ output: PLACE.artifacts, 'lock-file': FILE.lock },
    ...(builder === undefined
      ? { engine: 'buildah' }
      : { engine: 'buildkit', buildkit: { builders: [builder.address], tls: PLACE.builder } }),
    ...(registries.length > 0 && { registries }),
    ...(factory?.sign && {
      sign: { key: `${PLACE.signing}/cosign.key`, 'password-file': `${PLACE.signing}/cosign.password` },
    }),
    ...(factory?.sbom !== undefined && { sbom: factory.sbom }),
    ...(factory?.builderId !== undefined && { 'builder-id': factory.builderId }),
    ...(factory?.cache !== undefined && { cache: { registry: factory.cache } }),
  };
}

/** How the registries are reached that the spec names. */
function registrySettings(image: OSArtifactSpec['image']): object[] {
  if (image === undefined) return [];
  const ca = image.caCertificatesVolume === undefined ? {} : { ca: FILE.authorities };
  const pulled = [image.ref, image.buildOptions?.baseImage, image.buildOptions?.kairosInitImage]
    .filter((name) => name !== undefined)
    .map((name) => [parseImageReference(name).registry, image.pullInsecureRegistry] as const);
  const pushed =
    image.push && image.buildImage ? [[image.buildImage.registry, image.pushInsecureRegistry] as const] : [];
  const merged = new Map<string, boolean>();
  for (const [registry, insecure] of [...pulled, ...pushed])
    merged.set(registry, insecure || (merged.get(registry) ?? false));
  return [...merged]
    .map(([registry, insecure]) => ({ registry, ...(insecure && { insecure }), ...ca }))
    .filter((settings) => Object.keys(settings).length > 1);
}

function artifactKeys({ artifacts, image }: OSArtifactSpec): Record<string, unknown> {
  const kinds = outputsOf(artifacts).map((output) => OUTPUTS[output]);
  const { cloudConfigRef, overlayISOVolume, overlayRootfsVolume } = artifacts ?? {};
  return {
    artifacts: image?.ref === undefined ? ['oci', ...kinds] : kinds,
    ...(cloudConfigRef && { 'cloud-config': FILE.cloudConfig }),
    ...(overlayISOVolume !== undefined && { 'overlay-iso': volumePlace(overlayISOVolume) }),
    ...(overlayRootfsVolume !== undefined && { 'overlay-rootfs': volumePlace(overlayRootfsVolume) }),
  };
}

function outputsOf(artifacts: OSArtifactSpec['artifacts']): Output[] {
  return (Object.keys(OUTPUTS) as Output[]).filter((output) => artifacts?.[output]);
}

function imageKeys({ image, artifacts }: OSArtifactSpec): Record<string, unknown> {
  const { buildOptions: options, ociSpec, buildImage, push } = image ?? {};
  return {
    ...(artifacts?.arch !== undefined && { arch: artifacts.arch }),
    ...(artifacts?.netboot && { netboot: true }),
    ...((artifacts?.bundles ?? []).length > 0 && { bundles: artifacts?.bundles }),
    ...(options && { base: options.baseImage, version: options.version }),
    ...(options?.model !== undefined && { model: options.model }),
    ...(options?.kubernetesDistro !== undefined && {
      kubernetes: `${options.kubernetesDistro}@${options.kubernetesVersion}`,
    }),
    ...(options?.kairosInitImage !== undefined && {
      framework: { name: 'kairos-init', source: options.kairosInitImage },
    }),
    ...(ociSpec && { containerfile: FILE.containerfile }),
    ...(ociSpec?.buildContextVolume !== undefined && {
      'containerfile-context': volumePlace(ociSpec.buildContextVolume),
    }),
    ...(push && buildImage && { push: `${buildImage.registry}/${buildImage.repository}:${buildImage.tag}` }),
  };
}

/** Base names of the files that exporters look for. With a configuration, files have the names that it leads to. */
function baseNames(spec: OSArtifactSpec, name: string): Partial<Record<ArtifactKind, string>> {
  return Object.fromEntries(
    outputsOf(spec.artifacts).map((output) => [OUTPUTS[output], spec.nameOverride?.[output] ?? name]),
  );
}
