/** An operation that deploys an image to a node. */
export type NodeOperation = 'install' | 'upgrade' | 'reset';

/** A key that upstream Kairos knows and this project's agent does not honour. */
export interface UnsupportedKey {
  /** Its path; `*` matches each item of a list. A map covers everything below it. */
  readonly path: readonly string[];
  /** Why it has no effect, as a clause. */
  readonly reason: string;
  /** What to write instead, as an imperative clause. */
  readonly alternative: string;
  /**
   * Operations that a node refuses while the key is set, because continuing would drop protection that the administrator
   * requested. For all others it logs a warning and continues.
   */
  readonly stops?: readonly NodeOperation[];
  /** Whether a value is affected; all values when absent. */
  readonly when?: (value: unknown) => boolean;
}

const ALL: readonly NodeOperation[] = ['install', 'upgrade', 'reset'];
/** Upgrades cannot unlock partitions either, but a running system has no encrypted partition that an upgrade could lose. */
const FORMATTING: readonly NodeOperation[] = ['install', 'reset'];
const LEAVE_OUT = 'leave it out';

const trust: readonly UnsupportedKey[] = [
  {
    path: ['verify'],
    reason: 'a node verifies signatures by keys, not by checksums',
    alternative: 'set cosign and cosign-key, or trust in kairos-factory.yaml (docs/trust.md)',
    stops: ALL,
  },
];

const encryption: readonly UnsupportedKey[] = [
  ['install', 'encrypted_partitions'],
  ['kcrypt'],
  ['bind-pcrs'],
  ['bind-public-pcrs'],
].map((path) => ({
  path,
  reason: 'this agent does not encrypt partitions',
  alternative: 'leave it out to accept unencrypted partitions, or use an image with the upstream agent',
  stops: FORMATTING,
}));

const installation: readonly UnsupportedKey[] = [
  {
    path: ['install', 'force'],
    reason: 'an installation always overwrites the disk that it is given',
    alternative: 'leave it out; name the disk in install.device',
  },
  {
    path: ['install', 'part-table'],
    reason: 'the partition table is always GPT',
    alternative: LEAVE_OUT,
  },
  {
    path: ['install', 'firmware'],
    reason: 'a disk gets boot loaders for every firmware that the image supports',
    alternative: LEAVE_OUT,
  },
  {
    path: ['install', 'tty'],
    reason: 'the installer does not select a console',
    alternative: 'add console=… to grub_options.extra_cmdline',
  },
  {
    path: ['install', 'iso'],
    reason: 'the installer does not read an ISO',
    alternative: 'set install.source to oci:, ocifile:, dir: or file:',
  },
  {
    path: ['install', 'cloud-init'],
    reason: 'the installer does not read additional files',
    alternative: 'put everything into one file, or set config_url',
  },
  {
    path: ['install', 'skip_copy_kcrypt_plugin'],
    reason: 'there is no encryption plugin to copy',
    alternative: LEAVE_OUT,
  },
  {
    path: ['install', 'skip-entries'],
    reason: 'it selects boot entries of Trusted Boot, which this agent does not support',
    alternative: LEAVE_OUT,
  },
  {
    path: ['install', 'partitions', 'efi', 'fs'],
    reason: 'the EFI system partition is always FAT',
    alternative: LEAVE_OUT,
  },
  {
    path: ['install', 'passive'],
    reason: 'the passive system is a copy of the active one',
    alternative: 'set install.system',
  },
  {
    path: ['install', 'recovery-system', 'size'],
    reason: 'the recovery image is as large as its content needs',
    alternative: 'set install.partitions.recovery.size for a larger partition',
  },
  {
    path: ['upgrade', 'efi-partition'],
    reason: 'an upgrade never changes partitions',
    alternative: 'set install.partitions.efi when the node is installed',
  },
  {
    path: ['upgrade', 'entry'],
    reason: 'an upgrade writes the active or the recovery system',
    alternative: 'write active or recovery',
    when: (value) => value !== 'active' && value !== 'recovery',
  },
  {
    path: ['reset', 'system', 'size'],
    reason: 'a reset makes the image as large as its content needs',
    alternative: LEAVE_OUT,
  },
];

/** The boot menu and the initramfs rely on a fixed format and label for each image. */
const images: readonly UnsupportedKey[] = [
  ['install', 'system'],
  ['install', 'recovery-system'],
  ['upgrade', 'system'],
  ['upgrade', 'recovery-system'],
  ['reset', 'system'],
].flatMap((image) =>
  ['fs', 'label'].map((key) => ({
    path: [...image, key],
    reason: 'the boot menu expects images with a fixed filesystem and label',
    alternative: LEAVE_OUT,
  })),
);

const bundles: readonly UnsupportedKey[] = [['bundles'], ['install', 'bundles']].flatMap((list) => [
  ...['repository', 'db_path'].map((key) => ({
    path: [...list, '*', key],
    reason: 'it belongs to package:// bundles, which this agent cannot install',
    alternative: LEAVE_OUT,
  })),
  {
    path: [...list, '*', 'targets', '*'],
    reason: 'this agent cannot install package:// bundles',
    alternative: 'use a container:// or run:// bundle, or put the software into the image',
    when: (value: unknown) => typeof value === 'string' && /^package:/i.test(value.trim()),
  },
]);

const services: readonly UnsupportedKey[] = [
  {
    path: ['p2p'],
    reason: 'this agent has no mesh network between nodes',
    alternative: 'configure k3s or k0s, and give workers the address of the server',
  },
  {
    path: ['kubevip'],
    reason: 'this agent does not deploy kube-vip',
    alternative: 'write its manifest with write_files into the manifests directory of the distribution',
  },
  {
    path: ['cluster'],
    reason: 'this agent does not call provider plugins',
    alternative: 'configure k3s or k0s',
  },
  {
    path: ['phonehome'],
    reason: 'this agent has no client for a fleet server',
    alternative: 'put a management agent of your choice into the image',
  },
];

const registries: readonly UnsupportedKey[] = ['k3s-agent', 'k0s', 'k0s-worker'].map((service) => ({
  path: [service, 'embedded_registry'],
  reason: 'only the k3s server enables the embedded registry',
  alternative: 'set k3s.embedded_registry on the servers',
}));

const agent: readonly UnsupportedKey[] = [
  {
    path: ['debug'],
    reason: 'the log level is set when the agent starts',
    alternative: 'run "kairos-agent --debug COMMAND"',
  },
  {
    path: ['strict'],
    reason: 'a node always skips what it cannot use',
    alternative: 'run "kairos-factory validate --strict", or "kairos-agent run-stage --strict"',
  },
  ...['arch', 'platform'].map((key) => ({
    path: [key],
    reason: 'a node takes images of its own architecture',
    alternative: LEAVE_OUT,
  })),
  ...['squash-compression', 'squash-no-compression'].map((key) => ({
    path: [key],
    reason: 'the agent does not create a squashfs',
    alternative: 'set compression in kairos-factory.yaml for the squashfs of an ISO',
  })),
  {
    path: ['uki-max-entries'],
    reason: 'this agent does not support Trusted Boot',
    alternative: LEAVE_OUT,
  },
];

/**
 * Every key of upstream's cloud-config that has no effect here. Validation refuses them, a node skips them with a
 * warning, and the reference page lists them. They stay in the schema, so that their types are still checked.
 */
export const UNSUPPORTED_KEYS: readonly UnsupportedKey[] = [
  ...trust,
  ...encryption,
  ...installation,
  ...images,
  ...bundles,
  ...services,
  ...registries,
  ...agent,
];
