import { z } from 'zod';

const DAY = 24 * 3600;
const Word = z.string().max(317);

/** A label selector of Kubernetes. */
export const LabelSelector = z.strictObject({
  matchLabels: z.record(z.string(), Word).optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: Word,
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(Word).max(1000).optional(),
      }),
    )
    .max(100)
    .optional(),
});
export type LabelSelector = z.output<typeof LabelSelector>;

/** How pods are moved away from a node, as by `kubectl drain`. */
export const DrainOptions = z.strictObject({
  enabled: z.boolean().default(false).meta({ description: 'Whether pods are moved away.' }),
  force: z.boolean().default(false).meta({ description: 'Pods that nothing would start again, too.' }),
  gracePeriodSeconds: z.int().min(0).max(DAY).optional().meta({
    description: 'Time for pods to end, instead of their own.',
  }),
  ignoreDaemonSets: z.boolean().default(true).meta({
    description:
      'Leave pods of DaemonSets, which come back at once. Without it, such a pod makes the operation fail.',
  }),
  deleteEmptyDirData: z.boolean().default(false).meta({
    description: 'Pods with data in an emptyDir, which is lost, too.',
  }),
  timeoutSeconds: z.int().min(0).max(DAY).optional().meta({
    description: 'Time for all pods to leave. Default: none; 0 stands for none, too.',
  }),
});
export type DrainOptions = z.output<typeof DrainOptions>;

/** A pod that looks at a node before anything is done. */
export const Preflight = z.strictObject({
  command: z.array(z.string().max(100_000)).min(1).max(100).meta({
    description: 'Text in /dev/termination-log skips the node; another status than 0 is a failure.',
  }),
  image: z.string().min(1).max(500).optional().meta({ description: 'Default: that of the operation.' }),
  activeDeadlineSeconds: z.int().min(1).max(DAY).default(120),
});

const HttpProbe = z.strictObject({
  url: z
    .string()
    .max(2000)
    .regex(/^https?:\/\/[^\s@'"\\]+$/, 'is not a URL of http or https without user and password')
    .meta({ description: 'Address to get; `{address}` is the internal address of the node.' }),
  status: z.int().min(100).max(599).default(200).meta({ description: 'The status that counts as healthy.' }),
});

/** What a healthy node is. */
export const Health = z.strictObject({
  daemonSets: z
    .array(
      z
        .string()
        .max(317)
        .regex(/^(?:[a-z0-9.-]+\/)?[a-z0-9.-]+$/, 'is not NAME or NAMESPACE/NAME'),
    )
    .max(50)
    .default([])
    .meta({ description: 'DaemonSets whose pods on the node must be ready: NAME or NAMESPACE/NAME.' }),
  command: z.array(z.string().max(100_000)).min(1).max(100).optional().meta({
    description: 'Runs in a pod on the node, and must end with status 0.',
  }),
  image: z.string().min(1).max(500).optional().meta({
    description: 'Image of the command. Default: that of the operation.',
  }),
  http: HttpProbe.optional().meta({ description: 'A web address that the operator asks.' }),
  timeoutSeconds: z.int().min(1).max(DAY).default(1800).meta({
    description: 'From the end of the command, over the reboot, until all this is so.',
  }),
});
export type Health = z.output<typeof Health>;

/** Paths. */
export const Names = z.array(z.string().min(1).max(4096)).max(200);

/** Requests and limits of a container, which Kubernetes checks. */
export const Resources = z.looseObject({});
