import { z } from 'zod';
import { isDigest } from '../../common/oci/registry/image-reference.ts';
import { DrainOptions, Health, LabelSelector, Names, Preflight, Resources } from './schema-parts.ts';

/** The largest number of nodes of one operation. */
const MAX_NODES = 5000;
const DAY = 24 * 3600;

const Wave = z.union(
  [
    z.int().min(1).max(MAX_NODES),
    z.string().regex(/^(?:100|[1-9]\d?)%$/, 'is not a percentage from 1% to 100%'),
    z.literal('rest'),
  ],
  { error: 'is not a wave: write a count, a percentage such as 10%, or rest' },
);

/** Fields of both kinds that say which nodes are in work at the same time. They may be changed during the rollout. */
export const Pace = {
  concurrency: z.int().min(0).max(MAX_NODES).default(0).meta({
    description: 'How many nodes are in work at the same time; 0 stands for all.',
  }),
  stopOnFailure: z.boolean().default(false).meta({
    description:
      'No further node begins after one has failed. A node that does not come back from its reboot as it should always has this effect.',
  }),
  waves: z
    .array(Wave)
    .min(1)
    .max(100)
    .optional()
    .meta({
      description:
        'Sizes of the waves: counts, percentages of all nodes, or rest. A wave begins when every node of the one before is completed. Nodes that no wave takes are the last one.',
      'x-kubernetes-validations': [
        {
          rule: "self.all(wave, type(wave) == int || wave != 'rest') || self.indexOf('rest') == self.size() - 1",
          message: 'a wave follows "rest", which leaves no node',
        },
      ],
    }),
  maxUnavailable: z.int().min(1).max(MAX_NODES).optional().meta({
    description: 'How many of the nodes may be in work or not ready before no further one begins.',
  }),
  paused: z.boolean().default(false).meta({
    description: 'No further node begins; those in work are brought to their end.',
  }),
};

/** Fields of both kinds about nodes, pods and health. */
export const Common = {
  nodeSelector: LabelSelector.optional().meta({ description: 'Labels of the nodes; all nodes without it.' }),
  imagePullSecrets: z
    .array(z.strictObject({ name: z.string().min(1).max(253) }))
    .max(20)
    .optional()
    .meta({
      description: 'Secrets of the namespace with credentials for the registries.',
    }),
  uncordonOnFailure: z.boolean().default(false).meta({
    description: 'Uncordon a node whose operation has failed, too.',
  }),
  health: Health.prefault({}).meta({ description: 'What a healthy node is, and within which time.' }),
  resources: Resources.optional().meta({ description: "Resources of the operation's pod." }),
  preflightResources: Resources.optional().meta({ description: 'Resources of the preflight pod.' }),
  rebootResources: Resources.optional().meta({ description: 'Resources of the pod that reboots.' }),
};

/** An image by name, as a container has it. */
export const Image = z.string().min(1).max(500);

const Expectation = z.strictObject({
  digests: z
    .array(z.string().max(100).refine(isDigest, 'is not a digest'))
    .min(1)
    .max(100)
    .meta({ description: 'The digests of the image: each of them counts.' }),
  evidence: z.string().max(253).optional().meta({
    description: 'ConfigMap with what proves that the tree of the image is that of its digest.',
  }),
});

/** What a NodeOp cannot change once it is there, because nodes have it already. */
const FIXED = ['command', 'image', 'nodeSelector', 'hostMountPath', 'cordon', 'rebootOnSuccess', 'expect'];

/** CEL: fields keep their value. */
export function unchanged(
  fields: readonly string[],
): readonly { readonly rule: string; readonly message: string }[] {
  return fields.map((name) => ({
    rule: `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`,
    message: `${name} is immutable: make another object`,
  }));
}

/** The spec of a NodeOp. */
export const NodeOpSpec = z
  .strictObject({
    command: z
      .array(z.string().max(100_000))
      .min(1)
      .max(100)
      .meta({ description: "The command; the node's filesystem is at hostMountPath." }),
    image: Image.optional().meta({
      description: "Image of the command. Default: the operator's, or busybox.",
    }),
    hostMountPath: z
      .string()
      .max(200)
      .regex(/^\/[A-Za-z0-9._/-]+$/, 'is not a path')
      .default('/host')
      .meta({ description: "Where the container sees the node's filesystem." }),
    cordon: z.boolean().default(false).meta({ description: 'No new pods come onto the node meanwhile.' }),
    drainOptions: DrainOptions.prefault({}).meta({
      description: 'Whether and how pods are moved away before.',
    }),
    rebootOnSuccess: z.boolean().default(false).meta({ description: 'Reboot the node after the command.' }),
    backoffLimit: z.int().min(0).max(100).optional().meta({
      description: 'How often the command is tried again. Default: that of Jobs.',
    }),
    activeDeadlineSeconds: z.int().min(1).max(DAY).optional().meta({
      description: 'How long the command may take, with its repetitions.',
    }),
    preflight: Preflight.optional().meta({
      description: 'Looks at the node before: it may skip it, with a reason.',
    }),
    expect: Expectation.optional().meta({
      description: 'The image that the node must run from its active slot after the reboot.',
    }),
    ...Common,
    ...Pace,
  })
  .meta({ 'x-kubernetes-validations': unchanged(FIXED) });
export type NodeOpSpec = z.output<typeof NodeOpSpec>;

/** The spec of a NodeOpUpgrade. */
export const NodeOpUpgradeSpec = z
  .strictObject({
    image: Image.meta({ description: 'The OS image: a tag is resolved to its digest, once.' }),
    upgradeRecovery: z.boolean().default(false).meta({ description: 'Upgrade the recovery system.' }),
    upgradeActive: z.boolean().default(true).meta({
      description:
        'Upgrade the active system, and reboot. Without both, the active one is upgraded without a reboot.',
    }),
    force: z.boolean().default(false).meta({ description: 'Upgrade nodes that have the image, too.' }),
    debug: z.boolean().default(false).meta({ description: 'The agent logs more.' }),
    excludePaths: Names.optional().meta({
      description: 'Paths of the image that are not copied.',
    }),
    ...Common,
    ...Pace,
  })
  .meta({
    'x-kubernetes-validations': unchanged([
      ...['image', 'nodeSelector', 'upgradeRecovery', 'upgradeActive', 'force', 'excludePaths'],
    ]),
  });
export type NodeOpUpgradeSpec = z.output<typeof NodeOpUpgradeSpec>;
