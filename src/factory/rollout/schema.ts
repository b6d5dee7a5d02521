import { z } from 'zod';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { RegistrySettings } from '../config/registries.ts';
import { duration } from './duration.ts';

/** The largest number of nodes of one rollout. */
const MAX_NODES = 5000;
const DAY = 24 * 3600;

/** A name of a node or a group: it is printed, and never reaches a shell. */
const Name = z
  .string()
  .max(63)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
    'is not a name: use letters, digits, ".", "_" and "-", and begin with a letter or a digit',
  );
/** ssh would read a leading dash as an option. */
const Address = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9[:][A-Za-z0-9.:_[\]%-]*$/, 'is not a host name or an IP address');
const User = z
  .string()
  .max(32)
  .regex(/^[a-z_][a-z0-9_.-]*$/, 'is not a user name');
const Port = z.int().min(1).max(65535);

const Node = z.strictObject({
  name: Name.meta({ description: 'Name of the node in tables and in the state. It is unique.' }),
  address: Address.optional().meta({
    description: 'Host name or IP address, or a name of your `ssh_config`. Default: the name.',
  }),
  user: User.optional().meta({ description: 'Account for this node, instead of `ssh.user`.' }),
  port: Port.optional().meta({ description: 'Port for this node, instead of `ssh.port`.' }),
  groups: z.array(Name).default([]).meta({ description: 'Groups of the node, for waves.' }),
});

const Ssh = z.strictObject({
  user: User.optional().meta({
    description: 'Account on the nodes; one that is not root uses `sudo -n`. Default: that of `ssh`.',
  }),
  port: Port.optional().meta({ description: 'SSH port. Default: that of `ssh`.' }),
  identity: z.string().min(1).optional().meta({
    description: 'File with the private key. Default: those of `ssh`, and its agent.',
  }),
  'known-hosts': z.string().min(1).optional().meta({
    description: 'File with the host keys of the nodes. Default: that of `ssh`.',
  }),
});

const Wave = z.union(
  [
    z.int().min(1).max(MAX_NODES),
    z.string().regex(/^(?:100|[1-9]\d?)%$/, 'is not a percentage from 1% to 100%'),
    z.literal('rest'),
    z.strictObject({ group: Name }),
  ],
  { error: 'is not a wave: write a count, a percentage such as 10%, rest, or {group: NAME}' },
);

const HttpProbe = z.strictObject({
  url: z
    .string()
    .max(2000)
    .regex(/^https?:\/\/[^\s@'"\\]+$/, 'is not a URL of http or https without user and password')
    .meta({ description: 'Address to get; `{address}` is the address of the node.' }),
  from: z
    .enum(['here', 'node'])
    .default('here')
    .meta({ description: 'Who asks: this machine, or the node itself, with `curl`.' }),
  status: z.int().min(100).max(599).default(200).meta({ description: 'The status that counts as healthy.' }),
});

const Health = z.strictObject({
  doctor: z.boolean().default(true).meta({
    description: 'Whether `kairos-agent doctor` must be free of failures: systems, stages, services.',
  }),
  commands: z.array(z.string().min(1).max(4000)).max(50).default([]).meta({
    description: 'Commands for a shell of root on the node; each must end with status 0.',
  }),
  http: z.array(HttpProbe).max(50).default([]).meta({ description: 'Web addresses that must answer.' }),
});

const Limits = z.strictObject({
  connect: duration({ max: 3600 }).default(60).meta({
    description: 'How long a node may be unreachable before anything is changed on it.',
  }),
  upgrade: duration({ max: DAY }).default(3600).meta({ description: 'Download and writing of the system.' }),
  reboot: duration({ max: DAY }).default(900).meta({ description: 'From the reboot to the next login.' }),
  health: duration({ max: DAY }).default(600).meta({ description: 'From then until the node is healthy.' }),
});

/** The file of a rollout: which nodes get which image, in which order, and what counts as success. */
export const RolloutFile = z
  .strictObject({
    image: z
      .string()
      .transform((text) => text.replace(/^oci:/, ''))
      .refine(
        isImage,
        'does not name an image: write oci:REGISTRY/NAME:TAG or oci:REGISTRY/NAME@sha256:DIGEST',
      )
      .meta({ description: 'The image: `oci:REGISTRY/NAME:TAG`, or with a digest.' }),
    nodes: z
      .array(Node)
      .min(1)
      .max(MAX_NODES)
      .meta({ description: 'The nodes, in the order of the rollout.' }),
    ssh: Ssh.prefault({}).meta({ description: 'How the nodes are reached.' }),
    waves: z.array(Wave).min(1).max(100).default([1]).meta({
      description: 'Sizes of the waves; nodes that no wave takes are the last one.',
    }),
    'max-unavailable': z.int().min(1).max(MAX_NODES).default(1).meta({
      description: 'How many nodes may be in work at the same time.',
    }),
    health: Health.prefault({}).meta({ description: 'What a healthy node is.' }),
    limits: Limits.prefault({}).meta({
      description: 'Time limits: seconds, or with a unit: `90s`, `10min`, `1h`.',
    }),
    registries: z.array(RegistrySettings).default([]).meta({
      description: 'Connection settings of registries, as in `kairos-factory.yaml`.',
    }),
  })
  .superRefine(({ nodes, waves }, context) => {
    const seen = new Set<string>();
    for (const [index, { name }] of nodes.entries()) {
      if (seen.has(name))
        context.addIssue({
          code: 'custom',
          path: ['nodes', index, 'name'],
          message: `two nodes have the name "${name}"`,
        });
      seen.add(name);
    }
    const groups = new Set(nodes.flatMap((node) => node.groups));
    for (const [index, wave] of waves.entries()) {
      if (typeof wave === 'object' && !groups.has(wave.group))
        context.addIssue({
          code: 'custom',
          path: ['waves', index],
          message: `no node is in the group "${wave.group}"`,
        });
      if (wave === 'rest' && index < waves.length - 1)
        context.addIssue({
          code: 'custom',
          path: ['waves', index],
          message: 'a wave follows "rest", which leaves no node',
        });
    }
  });
export type RolloutSpec = z.output<typeof RolloutFile>;
export type RolloutNode = RolloutSpec['nodes'][number];
export type WaveSize = RolloutSpec['waves'][number];

function isImage(text: string): boolean {
  try {
    parseImageReference(text);
    return true;
  } catch {
    return false;
  }
}

/** The `$id` of the JSON Schema of the file. */
const SCHEMA_ID = 'urn:kairos-factory:rollout:1';

/** The format of the file as JSON Schema, draft 2020-12. */
export function rolloutJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(RolloutFile, { io: 'input' });
  return { $id: SCHEMA_ID, title: 'Rollout of kairos-factory', ...schema };
}
