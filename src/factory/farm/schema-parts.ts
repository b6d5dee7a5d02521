import { z } from 'zod';

/** Names of volumes that a build has itself. */
export const RESERVED_VOLUMES = ['artifacts', 'rootfs', 'config', 'ocispec', 'cloudconfig'] as const;
/** What the names of our other volumes begin with. */
export const RESERVED_PREFIX = 'kairos-factory-';
/** Longest name of an object, and of a file that is named after it. */
const LONGEST_NAME = 253;

/** The name of an object, or of a volume. */
export const Name = z
  .string()
  .max(LONGEST_NAME)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'is not a name of Kubernetes');

const Key = z
  .string()
  .max(LONGEST_NAME)
  .regex(/^[-._a-zA-Z0-9]+$/, 'is not a key');
const Text = z.string().max(2000);

/** An object of the same namespace. */
export const ObjectName = z.strictObject({ name: Name });
/** A key of a Secret or a ConfigMap of the same namespace. */
export const KeyRef = z.strictObject({ name: Name, key: Key });

/** Labels or annotations, which Kubernetes checks. */
export const Labels = z.record(z.string(), Text);

/** What Kubernetes itself checks, when the pod is made of it. */
export const Anything = z.looseObject({});

/** A volume as a pod has it. */
export const Volume = z.looseObject({ name: z.string().min(1).max(63) });
export type Volume = z.output<typeof Volume>;

/** A container as a pod has it. */
export const Container = z.looseObject({
  name: z.string().min(1).max(63),
  image: z.string().min(1).max(500),
  volumeMounts: z
    .array(z.looseObject({ name: z.string().max(63) }))
    .max(50)
    .optional(),
});
export type Container = z.output<typeof Container>;

/** The spec of a Job that gets the artifacts. */
export const Exporter = z.looseObject({
  template: z.looseObject({
    spec: z.looseObject({
      containers: z.array(Container).min(1).max(20),
      initContainers: z.array(Container).max(20).optional(),
      volumes: z.array(Volume).max(50).optional(),
    }),
  }),
});
export type Exporter = z.output<typeof Exporter>;

/** A variable of the build: a value, or a key of a Secret or a ConfigMap. */
export const Variable = z.strictObject({
  name: z
    .string()
    .max(200)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of a variable'),
  value: z.string().max(10_000).optional(),
  valueFrom: z
    .strictObject({ secretKeyRef: KeyRef.optional(), configMapKeyRef: KeyRef.optional() })
    .optional(),
});

const Quantity = z.union([
  z.int(),
  z
    .string()
    .max(40)
    .regex(/^[0-9.]+([eE][0-9]+|[mkMGTPE]|[KMGTPE]i)?$/, 'is not a quantity'),
]);

/** Requests and limits of a container. */
export const Resources = z.strictObject({
  requests: z.record(z.string(), Quantity).optional(),
  limits: z.record(z.string(), Quantity).optional(),
});
export type Resources = z.output<typeof Resources>;

/** The base name of a file. */
export const FileName = z
  .string()
  .min(1)
  .max(LONGEST_NAME)
  .regex(/^[a-z0-9-]+$/, 'is not a base name: use a-z, 0-9 and "-"');
