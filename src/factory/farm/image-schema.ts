import { z } from 'zod';
import { KeyRef, Name, ObjectName, Variable } from './schema-parts.ts';

const Reference = z.string().min(1).max(500);

const BuildOptions = z.strictObject({
  version: z.string().min(1).max(200).meta({ description: 'Version of the OS image.' }),
  baseImage: Reference.meta({ description: 'Image that the OS is built on.' }),
  model: z.string().min(1).max(100).optional().meta({ description: 'Board. Default: generic.' }),
  trustedBoot: z.boolean().default(false).meta({ description: 'Refused: see docs/build-farm.md.' }),
  kubernetesDistro: z.string().max(100).optional().meta({
    description: 'Kubernetes distribution, such as k3s.',
  }),
  kubernetesVersion: z.string().max(100).optional().meta({ description: 'Its version.' }),
  fips: z.boolean().default(false).meta({ description: 'Refused: see docs/build-farm.md.' }),
  kairosInitImage: Reference.optional().meta({
    description: "Image with upstream's kairos-init, which then makes the OS instead of this program.",
  }),
});

const OciSpec = z.strictObject({
  ref: KeyRef.meta({ description: 'Key of a Secret with a Containerfile, a Go template.' }),
  templateValuesFrom: ObjectName.optional().meta({
    description: 'Secret with values of the template.',
  }),
  templateValues: z.record(z.string(), z.string().max(10_000)).optional().meta({
    description: 'Values of the template; they win over those of templateValuesFrom.',
  }),
  buildContextVolume: Name.optional().meta({
    description: 'Volume that COPY reads from.',
  }),
});

const BuildImage = z.strictObject({
  registry: z.string().min(1).max(255),
  repository: z.string().min(1).max(255),
  tag: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'is not a tag'),
});

/** Where the OS image comes from, and where it goes. */
export const ImageSource = z.strictObject({
  ref: Reference.optional().meta({ description: 'An OS image that is there already.' }),
  buildOptions: BuildOptions.optional().meta({ description: 'Build on a base image.' }),
  ociSpec: OciSpec.optional().meta({ description: 'Build with a Containerfile.' }),
  buildImage: BuildImage.optional().meta({ description: 'Name of the image that is built.' }),
  push: z.boolean().default(false).meta({ description: 'Push the image to its registry.' }),
  imageCredentialsSecretRef: z
    .strictObject({ name: Name, key: KeyRef.shape.key.default('.dockerconfigjson') })
    .optional()
    .meta({ description: 'Key of a Secret with credentials for registries, as config.json of Docker.' }),
  buildEnv: z.array(Variable).max(100).optional().meta({
    description: 'Variables of the build, such as those of a proxy.',
  }),
  caCertificatesVolume: Name.optional().meta({
    description: 'Volume with certificates (PEM) of authorities that the registries use.',
  }),
  pullInsecureRegistry: z.boolean().default(false).meta({
    description: 'Accept any certificate, and plain HTTP, from the registry of the base or of ref.',
  }),
  pushInsecureRegistry: z.boolean().default(false).meta({
    description: 'The same for the registry of buildImage.',
  }),
});
export type ImageSource = z.output<typeof ImageSource>;
