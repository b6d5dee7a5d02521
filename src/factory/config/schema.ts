import semver from 'semver';
import { z } from 'zod';
import { ARCHES, type Arch } from '../../common/contract/architectures.ts';
import { parseSnapshot, snapshotTime } from '../catalog/flavors/snapshot.ts';
import { Audit } from './audit.ts';
import { Bundle, type BundleSpec } from './bundles.ts';
import { Kubernetes, type KubernetesSpec } from './kubernetes.ts';
import { Push, type PushSpec } from './push.ts';
import { RegistrySettings } from './registries.ts';
import { Sign, type SignSpec, Trust, type TrustSpec } from './signing.ts';

/** Every kind of artifact, in the order in which they are reported. */
export const ARTIFACT_KINDS = ['oci', 'squashfs', 'iso', 'raw', 'qcow2'] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

/** What builds and holds container images. */
export const ENGINES = ['auto', 'docker', 'buildah'] as const;
export type EngineChoice = (typeof ENGINES)[number];

/** How hard the squashfs is compressed: zstd 3, 9 or 18 (docs/decisions/0009-one-root-packed-with-zstd.md). */
export const COMPRESSIONS = ['fast', 'balanced', 'small'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

const Version = z
  .string()
  .refine((text) => semver.valid(text) !== null, 'is not a semantic version such as v1.2.3')
  .transform((text) => `v${semver.clean(text)}${buildMetadata(text)}`);

/** When a person's own Containerfile is applied: to the base, or to the image that has the framework. */
const CONTAINERFILE_STAGES = ['before', 'after'] as const;
/** What makes the base a Kairos: our own framework, or upstream's initializer. */
const FRAMEWORKS = ['builtin', 'kairos-init'] as const;

/** How bad a vulnerability is, the worst first (grype; the words of CVSS and of Debian's tracker). */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'negligible'] as const;
export type Severity = (typeof SEVERITIES)[number];
/** What follows a severity in `fail-on` where a build may go on without a scanner. */
const UNLESS_MISSING = ',unless-missing';

/** From which severity on a known vulnerability fails a build. */
export interface FailOn {
  readonly severity: Severity;
  /** Whether a build goes on where there is no scanner; else that is an error. */
  readonly unlessMissing: boolean;
}

const FailOn = z
  .enum([...SEVERITIES, ...SEVERITIES.map((severity) => `${severity}${UNLESS_MISSING}` as const)])
  .transform(
    (text): FailOn => ({
      severity: text.replace(UNLESS_MISSING, '') as Severity,
      unlessMissing: text.endsWith(UNLESS_MISSING),
    }),
  );

const Size = z.int().min(16).max(1_000_000);

/** Keys of the configuration that concern making artifacts from an OS image. */
const artifactKeys = {
  artifacts: z
    .array(z.enum(ARTIFACT_KINDS))
    .min(1)
    .default([...ARTIFACT_KINDS])
    .meta({ description: 'What to make.' }),
  'cloud-config': z
    .string()
    .optional()
    .meta({ description: 'Configuration laid into ISO and disk images: a file.' }),
  'overlay-rootfs': z.string().optional().meta({ description: 'Directory laid over the root filesystem.' }),
  'overlay-iso': z.string().optional().meta({ description: 'Directory laid over the ISO.' }),
  compression: z
    .enum(COMPRESSIONS)
    .default('balanced')
    .meta({ description: 'Of the squashfs: zstd 3, 9 or 18.' }),
  registries: z
    .array(RegistrySettings)
    .default([])
    .meta({ description: 'How registries are reached: mirrors, certificates.' }),
  push: Push.optional().meta({
    description: 'Where it is pushed to when it is done: REGISTRY/NAME[:TAG], or a mapping.',
  }),
  'lock-file': z
    .string()
    .optional()
    .meta({ description: 'File that tells what image references stand for.' }),
  engine: z.enum(ENGINES).default('auto').meta({ description: 'What builds and holds container images.' }),
  output: z.string().default('build').meta({ description: 'Directory that receives the artifacts.' }),
  disk: z
    .strictObject({
      oem: Size.default(64).meta({ description: 'Size of the OEM partition in MiB.' }),
      persistent: Size.default(256).meta({
        description: 'Size in MiB of the persistent partition before it grows.',
      }),
    })
    .prefault({})
    .meta({ description: 'Sizes of disk images.' }),
  sbom: z
    .boolean()
    .default(true)
    .meta({ description: 'Write what is in the OS image, as SPDX and as CycloneDX.' }),
  'fail-on': FailOn.optional().meta({
    description:
      'Refuse an image with a known vulnerability of this severity or a worse one; with `,unless-missing` behind it, also go on without a scanner.',
  }),
  'builder-id': z.url().optional().meta({ description: 'Who builds, in the provenance: a URI.' }),
  audit: Audit.prefault({}).meta({ description: 'What the search for secrets lets pass.' }),
  sign: Sign.optional().meta({ description: 'Who signs what is made: a key, or a mapping.' }),
};

/** `kairos-factory.yaml`, and what the flags of `build` are merged into. */
export const BuildConfiguration = z.strictObject({
  flavor: z.string().min(1).optional().meta({
    description:
      'The distribution: the name of a flavor, or a file of your own; found by the base when absent.',
  }),
  release: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The release of the flavor that a build without `base` starts from.' }),
  base: z
    .string()
    .optional()
    .meta({ description: 'The base image; by default what the release of the flavor starts from.' }),
  mirror: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Package archive to bootstrap from.' }),
  snapshot: z
    .string()
    .transform((text, context) => {
      const parsed = parseSnapshot(text);
      if (parsed === undefined)
        context.addIssue('is no date such as 2026-01-31, 2026-01-31T09:30:00Z or 20260131T093000Z');
      // What is to come would change until then.
      else if (snapshotTime(parsed) > Date.now()) context.addIssue('is a date in the future');
      return parsed ?? text;
    })
    .optional()
    .meta({ description: 'Install packages as they were at this time, from the archive of snapshots.' }),
  kernel: z.string().default('generic').meta({ description: 'One of the kernels of the flavor.' }),
  model: z.string().min(1).default('generic').meta({ description: 'The board.' }),
  arch: z.enum(ARCHES).optional().meta({ description: 'The architecture; by default that of this machine.' }),
  variant: z
    .enum(['core', 'standard'])
    .optional()
    .meta({ description: 'Whether there is a Kubernetes distribution: follows from kubernetes.' }),
  kubernetes: Kubernetes.optional().meta({
    description: 'The Kubernetes distribution: DISTRIBUTION@VERSION, or a mapping.',
  }),
  bundles: z
    .array(Bundle)
    .default([])
    .meta({ description: 'Images whose files, or programs, become part of it.' }),
  version: Version.default('v0.0.0').meta({ description: 'Version of the OS image.' }),
  packages: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._:-]*$/, 'is not a package name'))
    .default([])
    .meta({
      description: 'Packages to install besides those of the flavor.',
    }),
  containerfile: z.string().optional().meta({ description: 'A Containerfile of your own: a file.' }),
  'containerfile-stage': z
    .enum(CONTAINERFILE_STAGES)
    .default('before')
    .meta({ description: 'Apply it to the base, or after the framework.' }),
  'containerfile-context': z
    .string()
    .optional()
    .meta({ description: 'Directory that its COPY reads from; the file’s own by default.' }),
  'kernel-from': z
    .string()
    .optional()
    .meta({ description: 'Image that kernel, modules, initramfs and boot loader are taken from.' }),
  framework: z
    .strictObject({
      name: z.enum(FRAMEWORKS).default('builtin').meta({ description: 'What makes the base a Kairos.' }),
      source: z
        .string()
        .optional()
        .meta({ description: 'Where kairos-init is: its program, or an image that holds it.' }),
      version: z
        .string()
        .regex(/^v?\d[\w.+-]*$/, 'is not a version')
        .optional()
        .meta({ description: 'The version that kairos-init must say it is.' }),
    })
    .prefault({})
    .meta({ description: 'The framework.' }),
  trust: Trust.optional().meta({
    description: 'Whose signatures the base needs, and those that nodes upgrade to.',
  }),
  'release-output': z
    .string()
    .default('release')
    .meta({ description: 'Directory that `release` collects all targets in.' }),
  'release-previous': z.string().min(1).optional().meta({
    description: 'Release that the changelog compares with: directory, address, docker:// reference.',
  }),
  ...artifactKeys,
});

/** What the flags of `artifacts` are merged into. */
export const ArtifactsConfiguration = z.strictObject({
  image: z.string().meta({ description: 'A ready OS image.' }),
  ...artifactKeys,
});

/** Settings of all artifacts, validated: paths absolute, nothing left to default. */
export interface ArtifactsSpec {
  readonly artifacts: readonly ArtifactKind[];
  readonly cloudConfig: string | undefined;
  readonly overlayRootfs: string | undefined;
  readonly overlayIso: string | undefined;
  readonly compression: Compression;
  readonly engine: EngineChoice;
  readonly output: string;
  readonly registries: readonly RegistrySettings[];
  /** Where the image is pushed to when it is done. */
  readonly push: PushSpec | undefined;
  /** Path of the lock file, which need not be there. */
  readonly lockFile: string;
  readonly disk: { readonly oem: number; readonly persistent: number };
  /** Whether SBOMs are written. */
  readonly sbom: boolean;
  /** The least severity of a known vulnerability that an image is refused for. */
  readonly failOn: FailOn | undefined;
  /** URI of the builder, for the provenance. */
  readonly builderId: string | undefined;
  readonly audit: Audit;
  /** Who signs what is made; nobody where it is absent. */
  readonly sign: SignSpec | undefined;
}

/** One build, validated; a plain immutable value. */
export interface BuildSpec extends ArtifactsSpec {
  readonly flavor: string | undefined;
  readonly release: string | undefined;
  readonly base: string | undefined;
  readonly mirror: string | undefined;
  /** A time of the past: see `parseSnapshot`. */
  readonly snapshot: string | undefined;
  readonly kernel: string;
  readonly model: string;
  readonly arch: Arch;
  readonly variant: string;
  readonly kubernetes: KubernetesSpec | undefined;
  readonly bundles: readonly BundleSpec[];
  readonly version: string;
  readonly packages: readonly string[];
  /** A person's own Containerfile. */
  readonly containerfile: UserContainerfile | undefined;
  /** Reference of the image that the kernel comes from. */
  readonly kernelFrom: string | undefined;
  readonly framework: FrameworkChoice;
  /** Whose signatures the base and the upgrades of nodes must have; paths are absolute. */
  readonly trust: TrustSpec | undefined;
  /** Where a release of this and other targets goes. */
  readonly releaseOutput: string;
  /** The release that it is compared with: an absolute path, an address or a reference. */
  readonly releasePrevious: string | undefined;
}

/** A Containerfile of the person, when it is applied, and where its `COPY` reads from. Paths are absolute. */
export interface UserContainerfile {
  readonly file: string;
  readonly stage: (typeof CONTAINERFILE_STAGES)[number];
  readonly context: string;
  /** What builds write, which is no part of the context wherever it lies. */
  readonly products: readonly string[];
}

/** Which framework, and for `kairos-init` where it is: the path of a program, or an image's reference. */
export type FrameworkChoice =
  | { readonly name: 'builtin' }
  | { readonly name: 'kairos-init'; readonly source: string; readonly version: string | undefined };

function buildMetadata(text: string): string {
  const build = semver.parse(text)?.build ?? [];
  return build.length > 0 ? `+${build.join('.')}` : '';
}
