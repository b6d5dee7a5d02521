import type { Reader } from '../../../support/key-readers.ts';

const plugin = (name: string, file: string, keys: readonly string[] = ['']): Reader => ({
  below: `stages.*.*.${name}`,
  keys,
  file: `agent/stages/plugins/${file}.ts`,
});

const OWNERSHIP = ['permissions', 'owner', 'group', 'owner_string', 'ownerstring'];

const steps: readonly Reader[] = [
  { below: 'stages.*.*', keys: ['name', 'after.*.name'], file: 'agent/stages/plan.ts' },
  {
    below: 'stages.*.*',
    keys: [
      'if',
      'if_files.any',
      'if_files.all',
      'if_files.none',
      'node',
      'only_os',
      'only_os_version',
      'only_arch',
      'only_service_manager',
    ],
    file: 'agent/stages/conditions.ts',
  },
  plugin('dns', 'dns', ['nameservers', 'search', 'options', 'path']),
  plugin('downloads.*', 'downloads', ['path', 'url', 'timeout']),
  plugin('git', 'git', [
    ...['url', 'path', 'branch', 'branch_only'],
    ...['username', 'password', 'private_key', 'insecure', 'public_key'].map((key) => `auth.${key}`),
  ]),
  plugin('ensure_entities.*', 'ensure-entities', ['path', 'entity']),
  plugin('directories.*', 'directories', ['path']),
  plugin('files.*', 'files', ['path', 'content', 'append', 'encoding']),
  ...['downloads', 'directories', 'files'].map(
    (name): Reader => ({
      below: `stages.*.*.${name}.*`,
      keys: OWNERSHIP,
      file: 'agent/accounts/ownership.ts',
    }),
  ),
  plugin('commands', 'commands'),
  plugin('delete_entities.*', 'delete-entities', ['path', 'entity']),
  plugin('hostname', 'hostname'),
  plugin('sysctl', 'sysctl'),
  plugin('authorized_keys', 'authorized-keys'),
  plugin('modules', 'modules'),
  plugin('timesyncd', 'timesyncd'),
  plugin('systemctl', 'systemctl', [
    ...['enable', 'disable', 'mask', 'start'],
    ...['service', 'content', 'name'].map((key) => `overrides.*.${key}`),
  ]),
  plugin('environment', 'environment'),
  plugin('environment_file', 'environment'),
  plugin('systemd_firstboot', 'systemd-firstboot'),
  plugin('datasource', 'datasource', ['providers', 'path', 'only_recognised']),
  plugin('layout', 'layout', [
    ...['label', 'path', 'init_disk', 'disk_name'].map((key) => `device.${key}`),
    'expand_partition.size',
    ...['fsLabel', 'pLabel', 'size', 'filesystem'].map((key) => `add_partitions.*.${key}`),
  ]),
  { below: 'stages.*.*.layout.add_partitions.*', keys: ['bootable'], file: 'agent/disk/partition-kind.ts' },
  plugin('package_pins', 'package-pins'),
  plugin('packages', 'packages', ['refresh', 'upgrade', 'install', 'remove']),
  plugin('unpack_images.*', 'unpack-images', ['source', 'target', 'platform']),
];

const accounts: readonly Reader[] = ['users.*', 'stages.*.*.users.*'].flatMap((below) => [
  {
    below,
    keys: [
      ...['name', 'passwd', 'lock_passwd', 'lockPasswd', 'groups', 'primary_group', 'uid', 'gecos'],
      ...['homedir', 'no_user_group', 'system', 'shell'],
    ],
    file: 'agent/accounts/account-request.ts',
  },
  { below, keys: ['ssh_authorized_keys', 'no_create_home'], file: 'agent/stages/plugins/users.ts' },
]);

const cloudInit: readonly Reader[] = [
  {
    below: '',
    keys: ['hostname', 'ssh_authorized_keys', 'runcmd', 'growpart.devices', 'write_files.*.owner'],
    file: 'common/cloud-config/stages.ts',
  },
  {
    below: 'write_files.*',
    keys: ['path', 'content', 'encoding', 'append'],
    file: 'agent/stages/plugins/files.ts',
  },
  { below: 'write_files.*', keys: ['permissions'], file: 'agent/accounts/ownership.ts' },
];

const IMAGE = ['source', 'uri'];
/** Every variable is copied to the environment block that the boot menu reads. */
const MENU = [
  'default_fallback',
  'default_menu_entry',
  'extra_cmdline',
  'extra_active_cmdline',
  'extra_passive_cmdline',
  'extra_recovery_cmdline',
  'next_entry',
  'saved_entry',
];
const SHARED = ['reboot', 'poweroff', 'grub-entry-name', 'extra-dirs-rootfs'];

const operations: readonly Reader[] = [
  { below: 'install', keys: ['auto'], file: 'agent/commands/install.ts' },
  {
    below: 'install',
    keys: [
      ...['device', 'source', 'image', 'no-format', 'nousers', 'ssh_hardening', 'bind_mounts'],
      ...['ephemeral_mounts', 'allow-insecure-registries', 'system.size', ...SHARED],
      ...['efi', 'oem', 'recovery', 'state', 'persistent'].map((name) => `partitions.${name}.size`),
      ...['oem', 'recovery', 'state', 'persistent'].map((name) => `partitions.${name}.fs`),
      ...['name', 'size', 'fs', 'label'].map((key) => `extra-partitions.*.${key}`),
    ],
    file: 'agent/deploy/install-options.ts',
  },
  {
    below: 'upgrade',
    keys: [
      ...['entry', 'recovery', 'excluded-paths', 'allow-insecure-registries', ...SHARED],
      ...['system.size', 'recovery-system.size'],
    ],
    file: 'agent/deploy/upgrade-options.ts',
  },
  { below: 'reset', keys: ['reset-persistent', 'reset-oem', ...SHARED], file: 'agent/deploy/reset.ts' },
  ...[
    'install.system',
    'install.recovery-system',
    'upgrade.system',
    'upgrade.recovery-system',
    'reset.system',
  ].map((below): Reader => ({ below, keys: IMAGE, file: 'agent/deploy/config-values.ts' })),
  ...['', 'install.'].flatMap((prefix): Reader[] => [
    {
      below: `${prefix}bundles.*`,
      keys: ['targets', 'rootfs_path', 'local_file'],
      file: 'agent/extensions/install-bundle.ts',
    },
    { below: `${prefix}grub_options`, keys: MENU, file: '../templates/image/common/etc/cos/grub.cfg' },
  ]),
  { below: '', keys: ['fail_on_bundles_errors', 'eject-cd'], file: 'agent/deploy/install-options.ts' },
];

const services: readonly Reader[] = ['k3s', 'k3s-agent', 'k0s', 'k0s-worker'].map((below) => ({
  below,
  keys: [
    'enabled',
    'args',
    'env',
    'replace_args',
    'replace_env',
    ...(below === 'k3s' ? ['embedded_registry'] : []),
  ],
  file: 'agent/stages/kubernetes.ts',
}));

const agent: readonly Reader[] = [
  { below: '', keys: ['name', 'cloud-init-paths'], file: 'agent/stages/sources.ts' },
  { below: '', keys: ['env'], file: 'agent/config/environment.ts' },
  { below: 'install', keys: ['env'], file: 'agent/config/environment.ts' },
  { below: '', keys: ['cosign', 'cosign-key'], file: 'agent/trust/configured-key.ts' },
  { below: '', keys: ['config_url'], file: 'agent/config/remote.ts' },
  { below: '', keys: ['options'], file: 'agent/commands/config.ts' },
  { below: 'logs', keys: ['journal', 'files'], file: 'agent/commands/logs.ts' },
];

/** Where each key of the schema is read. A key that is missing here must be in `UNSUPPORTED_KEYS`. */
export const KEY_READERS: readonly Reader[] = [
  ...steps,
  ...accounts,
  ...cloudInit,
  ...operations,
  ...services,
  ...agent,
];

/** Keys without a reader, because their effect always applies; with the reason. */
export const ALWAYS_DONE: Readonly<Record<string, string>> = {
  'write_files.*.defer': 'files are written after accounts',
  'users.*.no_log_init': 'accounts are made without touching the login logs',
  'stages.*.*.users.*.no_log_init': 'accounts are made without touching the login logs',
};
