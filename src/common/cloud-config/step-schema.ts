import { z } from 'zod';

/** An octal mode: `0644` (which YAML reads as a number), or the text `"0644"`. */
export const Permissions = z
  .union([z.int().min(0).max(0o7777), z.string().regex(/^0?o?[0-7]{3,4}$/, 'is not a mode such as "0644"')])
  .meta({ description: 'Octal mode, such as 0644.' });
const Strings = z.array(z.string());
const Id = z.int().min(0);
const Scalar = z.union([z.string(), z.number(), z.boolean()]);
/** Mode and owner of a file; the owner as numeric ids, or as `user:group`. */
const owned = {
  permissions: Permissions.optional(),
  owner: Id.optional().meta({ description: 'User id.' }),
  group: Id.optional().meta({ description: 'Group id.' }),
  owner_string: z.string().optional().meta({ description: 'Owner by name, as user or user:group.' }),
  ownerstring: z.string().optional().meta({ description: 'The same as owner_string.' }),
};

/**
 * A user account (docs/contract.md 4.3). Unknown keys are accepted, as everywhere in the dialect (docs/contract.md 4.10).
 */
export const User = z.looseObject({
  name: z.string().optional().meta({ description: 'Name of the account.' }),
  passwd: z.string().optional().meta({ description: 'Password hash, or a cleartext password.' }),
  lock_passwd: z.boolean().optional().meta({ description: 'Disable password logins.' }),
  lockPasswd: z.boolean().optional().meta({ description: 'The same as lock_passwd.' }),
  groups: z
    .union([Strings, z.string()])
    .optional()
    .meta({ description: 'Additional groups, as a list or comma-separated.' }),
  primary_group: z
    .string()
    .optional()
    .meta({ description: 'Primary group; default: a group with the name of the account.' }),
  ssh_authorized_keys: Strings.optional().meta({
    description: 'Public keys: literal, github:NAME, gitlab:NAME or a URL.',
  }),
  uid: z.union([z.string(), Id]).optional().meta({ description: 'User id.' }),
  gecos: z.string().optional().meta({ description: 'Full name.' }),
  homedir: z.string().optional().meta({ description: 'Home directory.' }),
  no_create_home: z.boolean().optional().meta({ description: 'Do not create a home directory.' }),
  no_user_group: z.boolean().optional().meta({ description: 'Do not create a group with the same name.' }),
  system: z.boolean().optional().meta({ description: 'Create a system account.' }),
  no_log_init: z.boolean().optional().meta({ description: 'Do not initialise the login logs.' }),
  shell: z.string().optional().meta({ description: 'Login shell.' }),
});
export type User = z.output<typeof User>;

const Download = z.looseObject({
  path: z.string(),
  url: z.string(),
  timeout: z.int().min(0).optional().meta({ description: 'Seconds.' }),
  ...owned,
});
const Git = z.looseObject({
  url: z.string(),
  path: z.string(),
  branch: z.string().optional(),
  branch_only: z.boolean().optional(),
  auth: z
    .looseObject({
      username: z.string().optional(),
      password: z.string().optional(),
      private_key: z.string().optional(),
      insecure: z.boolean().optional(),
      public_key: z.string().optional(),
    })
    .optional(),
});
/** Entries for the account files, in the format of the "entities" library: a YAML document as text. */
const Entity = z.looseObject({ path: z.string().optional(), entity: z.string() });
const Directory = z.looseObject({ path: z.string(), ...owned });
const FileEntry = z.looseObject({
  path: z.string(),
  content: z.string().optional(),
  append: z.boolean().optional().meta({ description: 'Add to the file instead of replacing it.' }),
  encoding: z
    .string()
    .optional()
    .meta({ description: 'b64, base64, gz, gzip, gz+b64 and other combinations joined by +.' }),
  ...owned,
});
const Systemctl = z.looseObject({
  enable: Strings.optional(),
  disable: Strings.optional(),
  mask: Strings.optional(),
  start: Strings.optional(),
  overrides: z
    .array(z.looseObject({ service: z.string(), content: z.string(), name: z.string().optional() }))
    .optional(),
});
const Layout = z.looseObject({
  device: z
    .looseObject({
      label: z.string().optional(),
      path: z.string().optional(),
      init_disk: z.boolean().optional(),
      disk_name: z.string().optional(),
    })
    .optional(),
  expand_partition: z.looseObject({ size: z.int().min(0) }).optional(),
  add_partitions: z
    .array(
      z.looseObject({
        fsLabel: z.string().optional(),
        pLabel: z.string().optional(),
        size: z.int().min(0).optional().meta({ description: 'MiB; 0 takes the rest.' }),
        filesystem: z.string().optional(),
        bootable: z.boolean().optional(),
      }),
    )
    .optional(),
});
const Packages = z.looseObject({
  refresh: z.boolean().optional(),
  upgrade: z.boolean().optional(),
  install: Strings.optional(),
  remove: Strings.optional(),
});

/** One step of a stage: its conditions, then its actions in the order of execution (docs/contract.md 4.7, 4.8). */
export const StageStep = z.looseObject({
  name: z.string().optional().meta({ description: 'Name of the step, for messages and for "after".' }),
  after: z
    .array(z.looseObject({ name: z.string() }))
    .optional()
    .meta({ description: 'Steps that must run before this one, as CONFIG.STEP.' }),
  if: z.string().optional().meta({ description: 'A shell condition: the step runs if it exits with 0.' }),
  if_files: z
    .looseObject({ any: Strings.optional(), all: Strings.optional(), none: Strings.optional() })
    .optional(),
  node: z.string().optional().meta({ description: 'Regular expression for the host name.' }),
  only_os: z.string().optional().meta({ description: 'Regular expression for ID in os-release.' }),
  only_os_version: z
    .string()
    .optional()
    .meta({ description: 'Regular expression for VERSION_ID in os-release.' }),
  only_arch: z.string().optional().meta({ description: 'Regular expression for the architecture.' }),
  only_service_manager: z.string().optional().meta({ description: 'systemd or openrc.' }),
  dns: z
    .looseObject({
      nameservers: Strings.optional(),
      search: Strings.optional(),
      options: Strings.optional(),
      path: z.string().optional(),
    })
    .optional(),
  downloads: z.array(Download).optional().meta({ description: 'Files to download.' }),
  git: Git.optional(),
  ensure_entities: z
    .array(Entity)
    .optional()
    .meta({ description: 'Entries that must exist in the account files.' }),
  directories: z.array(Directory).optional().meta({ description: 'Directories to create.' }),
  files: z.array(FileEntry).optional().meta({ description: 'Files to write.' }),
  commands: Strings.optional().meta({ description: 'Shell command lines.' }),
  delete_entities: z
    .array(Entity)
    .optional()
    .meta({ description: 'Entries to remove from the account files.' }),
  hostname: z.string().optional().meta({ description: 'Host name.' }),
  sysctl: z.record(z.string(), Scalar).optional().meta({ description: 'Kernel parameters.' }),
  users: z.record(z.string(), User).optional().meta({ description: 'Accounts by name.' }),
  authorized_keys: z
    .record(z.string(), Strings)
    .optional()
    .meta({ description: 'SSH keys by account: literal, github:NAME, gitlab:NAME or a URL.' }),
  modules: Strings.optional().meta({ description: 'Kernel modules to load.' }),
  timesyncd: z
    .record(z.string(), Scalar)
    .optional()
    .meta({ description: 'Settings of the section Time for timesyncd.' }),
  systemctl: Systemctl.optional(),
  environment: z
    .record(z.string(), Scalar)
    .optional()
    .meta({ description: 'Environment variables to write.' }),
  environment_file: z
    .string()
    .optional()
    .meta({ description: 'File for environment; /etc/environment by default.' }),
  systemd_firstboot: z
    .record(z.string(), Scalar)
    .optional()
    .meta({ description: 'Arguments for systemd-firstboot.' }),
  datasource: z
    .looseObject({
      providers: Strings.optional().meta({ description: 'Where to look for user data.' }),
      path: z
        .string()
        .optional()
        .meta({ description: 'Target directory; of the provider file: the source.' }),
      only_recognised: z
        .boolean()
        .optional()
        .meta({ description: 'Ask a metadata service only if DMI shows its cloud.' }),
    })
    .optional(),
  layout: Layout.optional(),
  package_pins: z.record(z.string(), z.string()).optional().meta({ description: 'Versions of packages.' }),
  packages: Packages.optional(),
  unpack_images: z
    .array(z.looseObject({ source: z.string(), target: z.string(), platform: z.string().optional() }))
    .optional(),
});
export type StageStep = z.output<typeof StageStep>;

/** The actions of a step, in the order of execution (docs/contract.md 4.7). */
export const PLUGIN_KEYS = [
  'dns',
  'downloads',
  'git',
  'ensure_entities',
  'directories',
  'files',
  'commands',
  'delete_entities',
  'hostname',
  'sysctl',
  'users',
  'authorized_keys',
  'modules',
  'timesyncd',
  'systemctl',
  'environment',
  'systemd_firstboot',
  'datasource',
  'layout',
  'package_pins',
  'packages',
  'unpack_images',
] as const satisfies readonly (keyof StageStep)[];
export type PluginKey = (typeof PLUGIN_KEYS)[number];
