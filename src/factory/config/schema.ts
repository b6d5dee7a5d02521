import { z } from 'zod';
import { ARCHES, type Arch } from '../../common/contract/architectures.ts';
import { parseSnapshot, snapshotTime } from '../catalog/flavors/snapshot.ts';
import { ARTIFACT_KINDS, type ArtifactKind, DEFAULT_KINDS } from './artifact-kinds.ts';
import { Audit } from './audit.ts';
import { Buildkit, type BuildkitSpec } from './buildkit.ts';
import { Bundle, type BundleSpec } from './bundles.ts';
import { ENGINES, type EngineChoice } from './engines.ts';
import { FailOn } from './fail-on.ts';
import { Hooks, type HooksSpec } from './hooks.ts';
import { Kubernetes, type KubernetesSpec } from './kubernetes.ts';
import { Prove, type ProveSpec } from './prove.ts';
import { Push, type PushSpec } from './push.ts';
import { Reference } from './reference-schema.ts';
import { RegistrySettings } from './registries.ts';
import { SharedCache, type SharedCacheSpec } from './shared-cache.ts';
import { Sign, type SignSpec, Trust, type TrustSpec } from './signing.ts';
import { mebibytes } from './size.ts';
import { Version } from './version.ts';

/** Compression of the squashfs: zstd 3, 9 or 18 (docs/decisions/0009-one-root-packed-with-zstd.md). */
export const COMPRESSIONS = ['fast', 'balanced', 'small'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** How the layer of the OCI artifact is compressed. */
export const OCI_COMPRESSIONS = ['zstd', 'gzip'] as const;
export type OciCompression = (typeof OCI_COMPRESSIONS)[number];

/** When the user's Containerfile is applied: to the base, or to the image with the framework. */
const CONTAINERFILE_STAGES = ['before', 'after'] as const;
/** What turns the base into a Kairos image: our framework, or upstream's initializer. */
const FRAMEWORKS = ['builtin', 'kairos-init'] as const;

const Size = mebibytes({ min: 16, max: 1_000_000 });

/** Configuration keys for making artifacts from an OS image. */
const artifactKeys = {
  artifacts: z
    .array(z.enum(ARTIFACT_KINDS))
    .min(1)
    .default([...DEFAULT_KINDS])
    .meta({ description: 'Artifacts to make.' }),
  'cloud-config': z
    .string()
    .optional()
    .meta({ description: 'File with the configuration to embed in ISO and disk images.' }),
  'overlay-rootfs': z
    .string()
    .optional()
    .meta({ description: 'Directory to copy over the root filesystem.' }),
  'overlay-iso': z.string().optional().meta({ description: 'Directory to copy over the ISO.' }),
  compression: z
    .enum(COMPRESSIONS)
    .default('balanced')
    .meta({ description: 'Compression of the squashfs: zstd 3, 9 or 18.' }),
  'oci-compression': z
    .enum(OCI_COMPRESSIONS)
    .default('zstd')
    .meta({ description: 'Compression of the layer of the OCI artifact.' }),
  registries: z
    .array(RegistrySettings)
    .default([])
    .meta({ description: 'Connection settings of registries: mirrors, certificates.' }),
  push: Push.optional().meta({
    description: 'Destination of the finished image: REGISTRY/NAME[:TAG], or a mapping.',
  }),
  'lock-file': z.string().optional().meta({ description: 'File with the digests of image references.' }),
  engine: z
    .enum(ENGINES)
    .default('auto')
    .meta({ description: 'Program that builds and stores container images.' }),
  buildkit: Buildkit.prefault({}).meta({ description: 'The daemons of the engine `buildkit`.' }),
  output: z.string().default('build').meta({ description: 'Directory that receives the artifacts.' }),
  disk: z
    .strictObject({
      oem: Size.default(64).meta({
        description: 'Size of the OEM partition, in MiB or with a unit: `64`, `64MiB`, `1GiB`.',
      }),
      persistent: Size.default(256).meta({
        description: 'Size of the persistent partition before it grows, likewise.',
      }),
    })
    .prefault({})
    .meta({ description: 'Sizes of disk images.' }),
  sbom: z
    .boolean()
    .default(true)
    .meta({ description: 'Write an SBOM of the OS image as SPDX and CycloneDX.' }),
  'fail-on': FailOn.optional().meta({
    description:
      'Refuse an image with a known vulnerability of at least this severity; append `,unless-missing` to allow builds without a scanner.',
  }),
  'size-budget': mebibytes({ min: 1, max: 1024 * 1024 })
    .optional()
    .meta({
      description: 'Refuse an image whose files take more, unpacked: `900MiB`, `1.5GiB`.',
    }),
  'builder-id': z.url().optional().meta({ description: 'URI of the builder, for the provenance.' }),
  audit: Audit.prefault({}).meta({ description: 'Findings that the search for secrets ignores.' }),
  prove: Prove.optional().meta({
    description: 'Proof of the artifacts, before they are signed and published.',
  }),
  sign: Sign.optional().meta({ description: 'Signer of the build: a key, or a mapping.' }),
  cache: SharedCache.optional().meta({
    description:
      'Repository that shares results of steps with other machines: `oci://REGISTRY/NAME`, or a mapping.',
  }),
};

/** The schema of `kairos-factory.yaml`, with the flags of `build` merged in. */
export const BuildConfiguration = z.strictObject({
  flavor: z.string().min(1).optional().meta({
    description:
      'The distribution: the name of a flavor, or your own file; detected from the base by default.',
  }),
  release: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The release of the flavor to start from without `base`.' }),
  base: Reference.optional().meta({
    description: 'The base image; by default that of the release of the flavor.',
  }),
  mirror: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Package archive to bootstrap from.' }),
  snapshot: z
    .string()
    .transform((text, context) => {
      const parsed = parseSnapshot(text);
      if (parsed === undefined)
        context.addIssue('is not a date such as 2026-01-31, 2026-01-31T09:30:00Z or 20260131T093000Z');
      // A future snapshot is not final.
      else if (snapshotTime(parsed) > Date.now()) context.addIssue('is a date in the future');
      return parsed ?? text;
    })
    .optional()
    .meta({ description: 'Install packages from the snapshot archive, as of this time.' }),
  kernel: z.string().default('generic').meta({ description: 'A kernel choice of the flavor.' }),
  model: z.string().min(1).default('generic').meta({ description: 'The board.' }),
  arch: z.enum(ARCHES).optional().meta({ description: "The architecture; by default the host's." }),
  variant: z
    .enum(['core', 'standard'])
    .optional()
    .meta({ description: 'Whether the image has a Kubernetes distribution; derived from kubernetes.' }),
  kubernetes: Kubernetes.optional().meta({
    description: 'The Kubernetes distribution: DISTRIBUTION@VERSION, or a mapping.',
  }),
  bundles: z
    .array(Bundle)
    .default([])
    .meta({ description: 'Images whose files are copied into the OS image, or whose program is run in it.' }),
  version: Version.default('v0.0.0').meta({ description: 'Version of the OS image.' }),
  packages: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._:-]*$/, 'is not a package name'))
    .default([])
    .meta({
      description: 'Packages to install in addition to those of the flavor.',
    }),
  'install-packages': z.boolean().default(true).meta({
    description: 'Whether to install any packages; `false` for a base that has all that it needs.',
  }),
  'package-sets': z.array(z.string().min(1)).default([]).meta({
    description: 'Package sets of the flavor to install, such as `upstream`.',
  }),
  containerfile: z.string().optional().meta({ description: 'Path of your own Containerfile.' }),
  'containerfile-stage': z
    .enum(CONTAINERFILE_STAGES)
    .default('before')
    .meta({ description: 'Apply it to the base, or after the framework is installed.' }),
  'containerfile-context': z
    .string()
    .optional()
    .meta({ description: 'Directory that its COPY reads from; by default that of the Containerfile.' }),
  'kernel-from': Reference.optional().meta({
    description: 'Image to take kernel, modules, initramfs and boot loader from, or bootstrap:RELEASE.',
  }),
  hooks: Hooks.prefault({}).meta({
    description: 'Programs of yours that run during the build, by stage: paths, or mappings.',
  }),
  netboot: z.boolean().default(false).meta({ description: 'Whether it boots over the network, too.' }),
  framework: z
    .strictObject({
      name: z
        .enum(FRAMEWORKS)
        .default('builtin')
        .meta({ description: 'What turns the base into a Kairos image.' }),
      source: Reference.optional().meta({
        description: 'Path of kairos-init, or an image that contains it.',
      }),
      version: z
        .string()
        .regex(/^v?\d[\w.+-]*$/, 'is not a version')
        .optional()
        .meta({ description: 'The version that kairos-init must report.' }),
    })
    .prefault({})
    .meta({ description: 'The framework.' }),
  trust: Trust.optional().meta({
    description: 'Required signers of the base, and of upgrades on nodes.',
  }),
  'release-output': z.string().default('release').meta({ description: 'Output directory of `release`.' }),
  'release-previous': z.string().min(1).optional().meta({
    description: 'Release to compare with in the changelog: a directory, a URL or a docker:// reference.',
  }),
  ...artifactKeys,
});

/** The schema of the settings of `artifacts`. */
export const ArtifactsConfiguration = z.strictObject({
  image: Reference.meta({ description: 'An existing OS image.' }),
  ...artifactKeys,
});

/** Validated settings of all artifacts, with absolute paths and defaults applied. */
export interface ArtifactsSpec {
  readonly artifacts: readonly ArtifactKind[];
  readonly cloudConfig: string | undefined;
  readonly overlayRootfs: string | undefined;
  readonly overlayIso: string | undefined;
  readonly compression: Compression;
  readonly ociCompression: OciCompression;
  readonly engine: EngineChoice;
  /** The daemons of the engine `buildkit`; paths are absolute. */
  readonly buildkit: BuildkitSpec;
  readonly output: string;
  readonly registries: readonly RegistrySettings[];
  /** Destination of the finished image. */
  readonly push: PushSpec | undefined;
  /** Path of the lock file, which may not exist. */
  readonly lockFile: string;
  readonly disk: { readonly oem: number; readonly persistent: number };
  /** Whether SBOMs are written. */
  readonly sbom: boolean;
  /** The lowest severity of a known vulnerability that fails the build. */
  readonly failOn: FailOn | undefined;
  /** The largest content of the image, in MiB. */
  readonly sizeBudget: number | undefined;
  /** URI of the builder, for the provenance. */
  readonly builderId: string | undefined;
  readonly audit: Audit;
  /** How the artifacts are proven; absent for a build without a proof. */
  readonly prove: ProveSpec | undefined;
  /** The signer; absent for an unsigned build. */
  readonly sign: SignSpec | undefined;
  /** Where results of steps are shared with other machines; paths are absolute. */
  readonly sharedCache: SharedCacheSpec | undefined;
}

/** The validated specification of one build: a plain immutable value. */
export interface BuildSpec extends ArtifactsSpec {
  readonly flavor: string | undefined;
  readonly release: string | undefined;
  readonly base: string | undefined;
  readonly mirror: string | undefined;
  /** Snapshot time in the form of `parseSnapshot`. */
  readonly snapshot: string | undefined;
  readonly kernel: string;
  readonly model: string;
  readonly arch: Arch;
  readonly variant: string;
  readonly kubernetes: KubernetesSpec | undefined;
  readonly bundles: readonly BundleSpec[];
  readonly version: string;
  readonly packages: readonly string[];
  /** Whether packages are installed at all, also those of the flavor. */
  readonly installPackages: boolean;
  /** Names of package sets of the flavor. */
  readonly packageSets: readonly string[];
  /** The user's own Containerfile. */
  readonly containerfile: UserContainerfile | undefined;
  /** Reference of the image to take the kernel from. */
  readonly kernelFrom: string | undefined;
  readonly netboot: boolean;
  /** Programs of the user that run during the build; paths are absolute. */
  readonly hooks: HooksSpec;
  readonly framework: FrameworkChoice;
  /** Required signers of the base and of upgrades on nodes; paths are absolute. */
  readonly trust: TrustSpec | undefined;
  /** Output directory of a release. */
  readonly releaseOutput: string;
  /** The release to compare with: an absolute path, a URL or a reference. */
  readonly releasePrevious: string | undefined;
}

/** The user's Containerfile, when it is applied, and the directory that its `COPY` reads from. Paths are absolute. */
export interface UserContainerfile {
  readonly file: string;
  readonly stage: (typeof CONTAINERFILE_STAGES)[number];
  readonly context: string;
  /** Output paths of builds, which the context never includes. */
  readonly products: readonly string[];
}

/** The framework, and for `kairos-init` its source: the path of the program, or the reference of an image. */
export type FrameworkChoice =
  | { readonly name: 'builtin' }
  | { readonly name: 'kairos-init'; readonly source: string; readonly version: string | undefined };
