import { z } from 'zod';
import { Bundles, GrubOptions, InstallConfig, ResetConfig, UpgradeConfig } from './install-schema.ts';
import { KubernetesService, KubeVip, P2p } from './kubernetes-schema.ts';
import { Permissions, StageStep, User } from './step-schema.ts';

export { InstallConfig, ResetConfig, UpgradeConfig };

const Flag = z.boolean().optional();
const Text = z.string().optional();
const Strings = z.array(z.string());

/** An account in a list. Plain strings such as cloud-init's `default` are accepted and have no effect. */
const ListedUser = z.union([User.extend({ name: z.string().min(1) }), z.string()]);

/** An entry of cloud-init's `write_files` (docs/contract.md 4.3). */
export const WriteFile = z.looseObject({
  path: z.string().min(1).meta({ description: 'Absolute path.' }),
  content: Text.meta({ description: 'Content of the file.' }),
  encoding: Text.meta({ description: 'b64, base64, gz, gzip, gz+b64 and other combinations joined by +.' }),
  permissions: Permissions.optional(),
  owner: Text.meta({ description: 'Owner by name, as user or user:group.' }),
  append: Flag.meta({ description: 'Add to the file instead of replacing it.' }),
  defer: Flag.meta({ description: 'Write the file after the accounts are created; always the case here.' }),
});
export type WriteFile = z.output<typeof WriteFile>;

/** cloud-init's own keys (docs/contract.md 4.3), which are converted to steps of stages (docs/contract.md 4.5). */
const cloudInit = {
  hostname: Text.meta({ description: 'Host name; may be a template.' }),
  users: z
    .union([z.array(ListedUser), z.record(z.string(), User)])
    .optional()
    .meta({
      description: 'Accounts, as a list or a map by name. An installation needs one in the group admin.',
    }),
  ssh_authorized_keys: Strings.optional().meta({
    description: 'Keys for all users, or root: literal, github:NAME, gitlab:NAME or a URL.',
  }),
  write_files: z.array(WriteFile).optional().meta({ description: 'Files to write.' }),
  runcmd: z
    .array(z.union([z.string(), Strings]))
    .optional()
    .meta({ description: 'Commands to run, as shell command lines or as lists of arguments.' }),
  growpart: z
    .looseObject({ devices: Strings.optional().meta({ description: 'Paths of devices.' }) })
    .optional()
    .meta({ description: 'Devices whose last partition is grown.' }),
};

/** Keys of the Kubernetes provider (docs/contract.md 8). */
const kubernetes = {
  k3s: KubernetesService.optional().meta({ description: 'k3s server.' }),
  'k3s-agent': KubernetesService.optional().meta({ description: 'k3s agent.' }),
  k0s: KubernetesService.optional().meta({ description: 'k0s controller.' }),
  'k0s-worker': KubernetesService.optional().meta({ description: 'k0s worker.' }),
  p2p: P2p.optional().meta({ description: 'Mesh network between nodes.' }),
  kubevip: KubeVip.optional().meta({ description: 'Virtual address of the control plane.' }),
  cluster: z.record(z.string(), z.unknown()).optional().meta({ description: 'For external providers.' }),
};

/** Disk encryption (docs/contract.md 4.3, 7). */
const encryption = {
  kcrypt: z
    .looseObject({
      challenger: z
        .looseObject({
          challenger_server: Text.meta({ description: 'Address of the key server.' }),
          mdns: Flag.meta({ description: 'Find the server on the local network.' }),
          certificate: Text.meta({ description: 'Certificate of the server.' }),
          nv_index: Text.meta({ description: 'TPM index of a local passphrase.' }),
          c_index: Text.meta({ description: 'TPM index of a certificate.' }),
          tpm_device: Text.meta({ description: 'Path of the TPM.' }),
        })
        .optional(),
    })
    .optional()
    .meta({ description: 'Source of the passphrases of encrypted partitions.' }),
  'bind-pcrs': z
    .array(z.union([z.string(), z.int()]))
    .optional()
    .meta({ description: 'TPM registers that encryption is bound to.' }),
  'bind-public-pcrs': z
    .array(z.union([z.string(), z.int()]))
    .optional()
    .meta({ description: 'TPM registers that encryption is bound to by a signed policy.' }),
};

/** Settings of the agent itself (docs/contract.md 4.3). */
const agent = {
  config_url: Text.meta({
    description: 'URL of a further configuration, which is fetched and merged; its steps run too.',
  }),
  options: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ description: 'Free-form; "kairos-agent config get options.NAME" prints a value.' }),
  env: Strings.optional().meta({
    description: 'Environment of install, upgrade and reset, such as HTTPS_PROXY=URL.',
  }),
  debug: Flag.meta({ description: 'Enable debug logging.' }),
  strict: Flag.meta({ description: 'Turn warnings into errors.' }),
  arch: Text.meta({ description: 'Architecture of images: amd64, arm64.' }),
  platform: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .optional()
    .meta({ description: 'Platform of images, such as linux/arm64.' }),
  'cloud-init-paths': Strings.optional().meta({ description: 'Additional directories with cloud-configs.' }),
  'eject-cd': Flag.meta({ description: 'Eject the medium after the installation.' }),
  verify: Flag.meta({ description: 'Verify images.' }),
  cosign: Flag.meta({ description: 'Demand a signature of the system that is installed or upgraded to.' }),
  'cosign-key': Text.meta({ description: 'Path of the public key of that signature.' }),
  'squash-compression': Strings.optional().meta({ description: 'Arguments for mksquashfs.' }),
  'squash-no-compression': Flag.meta({ description: "Use mksquashfs's default compression." }),
  'uki-max-entries': z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'Boot entries to keep (Trusted Boot); 3 by default.' }),
  logs: z
    .looseObject({
      journal: Strings.optional().meta({ description: 'Units.' }),
      files: Strings.optional().meta({ description: 'Paths, which may contain wildcards.' }),
    })
    .optional()
    .meta({ description: 'Additional logs for the command "logs".' }),
  phonehome: z
    .looseObject({
      url: Text.meta({ description: 'Address of the server.' }),
      token: Text.meta({ description: 'Registration secret.' }),
      group: Text.meta({ description: 'Group that the node joins.' }),
    })
    .optional()
    .meta({ description: 'Connection to a fleet server.' }),
};

/** The whole dialect of cloud-configs (docs/contract.md 4.3 to 4.10). Unknown keys are accepted. */
export const CloudConfig = z
  .looseObject({
    name: Text.meta({ description: 'Name of this configuration, for "after" of steps.' }),
    ...cloudInit,
    stages: z
      .record(z.string(), z.array(StageStep))
      .optional()
      .meta({ description: 'Steps, by the stage in which they run.' }),
    install: InstallConfig.optional().meta({ description: 'How a node is installed.' }),
    upgrade: UpgradeConfig.optional().meta({ description: 'How a node is upgraded.' }),
    reset: ResetConfig.optional().meta({ description: 'What a reset does.' }),
    bundles: Bundles.optional().meta({ description: 'Bundles to install on the node.' }),
    fail_on_bundles_errors: Flag.meta({ description: 'Fail the boot step if a bundle fails.' }),
    grub_options: GrubOptions.optional().meta({ description: 'Variables of the boot menu.' }),
    ...kubernetes,
    ...encryption,
    ...agent,
  })
  .meta({ title: 'Cloud-config', description: 'Configuration of a Kairos node.' });
export type CloudConfig = z.output<typeof CloudConfig>;

/**
 * Returns a copy without null values: YAML's form of an empty key (`users:` alone), and the way to reset a key of an
 * earlier configuration (docs/contract.md 4.2). Schemas are applied to the result.
 */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]])),
  );
}
