import { z } from 'zod';
import { ImageSource } from './image-schema.ts';
import {
  Anything,
  Container,
  Exporter,
  FileName,
  KeyRef,
  Labels,
  Name,
  ObjectName,
  Resources,
  Volume,
} from './schema-parts.ts';

const DAY = 24 * 3600;

const Uki = z.strictObject({
  iso: z.boolean().default(false),
  container: z.boolean().default(false),
  efi: z.boolean().default(false),
  keysVolume: Name.optional(),
});

/** The outputs that upstream's kind has, with the kinds of artifacts that they are here. */
export const OUTPUTS = {
  iso: 'iso',
  cloudImage: 'raw',
  azureImage: 'vhd',
  gceImage: 'gce',
  netboot: 'netboot',
} as const;
export type Output = keyof typeof OUTPUTS;

const output = (description: string) => z.boolean().default(false).meta({ description });

const Artifacts = z.strictObject({
  arch: z.enum(['amd64', 'arm64']).optional().meta({
    description: 'Architecture. The build runs on a node of it, unless a builder does the image.',
  }),
  iso: output('An installation medium.'),
  cloudImage: output('A raw disk image.'),
  azureImage: output('A disk image for Azure (VHD).'),
  gceImage: output('A disk image for Google Cloud.'),
  netboot: output('Kernel, initrd and root for machines that boot over the network.'),
  diskSize: z.string().max(20).optional().meta({ description: 'Refused: see docs/build-farm.md.' }),
  netbootURL: z.string().max(2000).optional().meta({ description: 'Refused: see docs/build-farm.md.' }),
  cloudConfigRef: KeyRef.optional().meta({
    description: 'Key of a Secret with the cloud-config of the ISO and the disk images.',
  }),
  grubConfig: z.string().max(100_000).optional().meta({
    description: 'Refused: see docs/build-farm.md.',
  }),
  bundles: z.array(z.string().min(1).max(500)).max(50).optional().meta({
    description: 'Images whose files become part of the OS image. It needs a build.',
  }),
  osRelease: z.string().max(10_000).optional().meta({ description: 'Refused: see docs/build-farm.md.' }),
  kairosRelease: z.string().max(10_000).optional().meta({
    description: 'Refused: see docs/build-farm.md.',
  }),
  overlayISOVolume: Name.optional().meta({ description: 'Volume with files for the ISO.' }),
  overlayRootfsVolume: Name.optional().meta({ description: 'Volume with files for the root.' }),
  uki: Uki.optional().meta({ description: 'Refused: see docs/build-farm.md.' }),
  volume: Anything.optional().meta({ description: 'The same as spec.volume.' }),
});

const Factory = z.strictObject({
  configuration: KeyRef.optional().meta({
    description: 'Key of a ConfigMap with a kairos-factory.yaml, instead of spec.image.',
  }),
  targets: z.array(z.string().min(1).max(200)).min(1).max(100).optional().meta({
    description: 'Targets of the configuration to build: names or patterns. Default: all.',
  }),
  sign: z.strictObject({ secretRef: ObjectName }).optional().meta({
    description: 'Secret with cosign.key and cosign.password, which sign image and artifacts.',
  }),
  sbom: z.boolean().optional().meta({ description: 'Whether SBOMs are written. Default: true.' }),
  builderId: z.url().max(2000).optional().meta({
    description: 'URI of the builder in the provenance.',
  }),
  cache: z
    .string()
    .max(500)
    .regex(/^oci:\/\/[^\s:@]+(:[0-9]+)?\/[^\s:@]+$/, 'does not have the form oci://REGISTRY/NAME')
    .optional()
    .meta({ description: 'Where results of steps are shared with other builds: oci://REGISTRY/NAME.' }),
  builder: z
    .strictObject({
      address: z
        .string()
        .max(300)
        .regex(/^tcp:\/\/[A-Za-z0-9][A-Za-z0-9._-]*:[0-9]{1,5}$/, 'does not have the form tcp://HOST:PORT'),
      tlsSecretRef: ObjectName.meta({ description: 'Secret with ca.crt, tls.crt and tls.key.' }),
    })
    .optional()
    .meta({ description: 'BuildKit daemon for the stages of the image.' }),
  timeoutSeconds: z
    .int()
    .min(60)
    .max(7 * DAY)
    .default(2 * 3600)
    .meta({
      description: 'How long a build may take, with its repetitions.',
    }),
  retries: z.int().min(0).max(10).default(1).meta({ description: 'How often a failed build is repeated.' }),
});

const perOutput = <T extends z.ZodType>(value: T) => ({
  iso: value.optional(),
  cloudImage: value.optional(),
  azureImage: value.optional(),
  gceImage: value.optional(),
  netboot: value.optional(),
  uki: value.optional(),
});

/** The fields of an OSArtifact: those of upstream, and `factory` with what this program has beyond. */
export const SpecFields = z.strictObject({
  image: ImageSource.optional().meta({ description: 'What the OS image is: exactly one source.' }),
  artifacts: Artifacts.optional().meta({ description: 'What is made from the image.' }),
  imagePullSecrets: z.array(ObjectName).max(20).optional().meta({
    description: 'Secrets with which the images of containers are pulled.',
  }),
  exporters: z.array(Exporter).max(20).optional().meta({
    description: 'Jobs that run after the build, with the artifacts in the volume "artifacts".',
  }),
  importers: z.array(Container).max(20).optional().meta({
    description: 'Containers that run before the build, such as to fill volumes.',
  }),
  volume: Anything.optional().meta({
    description: 'Spec of the PersistentVolumeClaim for the artifacts. Default: 10Gi.',
  }),
  volumes: z.array(Volume).max(50).optional().meta({
    description: 'Volumes of the build, for importers, overlays, context and certificates.',
  }),
  nodeSelector: Labels.optional(),
  tolerations: z.array(Anything).max(50).optional(),
  affinity: Anything.optional(),
  podLabels: Labels.optional(),
  podAnnotations: Labels.optional(),
  resources: z
    .strictObject({ ...perOutput(Resources), pod: Resources.optional() })
    .optional()
    .meta({
      description: 'One container makes everything: it gets the largest of these values.',
    }),
  nameOverride: z.strictObject(perOutput(FileName)).optional().meta({
    description: 'Base names of artifacts. Default: the name of the OSArtifact.',
  }),
  factory: Factory.optional().meta({ description: 'What kairos-factory has beyond upstream.' }),
});
export type OSArtifactSpec = z.output<typeof SpecFields>;
