import { z } from 'zod';

const Flag = z.boolean().optional();
const Text = z.string().optional();
const Strings = z.array(z.string());
const Size = z.int().min(0).meta({ description: 'MiB; 0 takes the rest of the disk.' });

/** Valid device values: `auto`, a path, a script that prints a path, or a template that expands to one of these. */
const DEVICE = /^(auto|\/dev\/.+|script:\/\/.+|.*\{\{.*)?$/;

const Partition = z.looseObject({
  size: Size.optional(),
  fs: Text.meta({ description: 'Filesystem, such as ext4.' }),
});

/** A filesystem image on the node: its source and its size. */
const Image = z.looseObject({
  size: z.int().min(0).optional().meta({ description: 'MiB; computed from the source by default.' }),
  fs: Text.meta({ description: 'Filesystem of the image.' }),
  label: Text.meta({ description: 'Filesystem label of the image.' }),
  source: Text.meta({ description: 'oci:, dir:, file: or ocifile:, followed by the image or path.' }),
  uri: Text.meta({ description: 'Older name of source.', deprecated: true }),
});

/** Bundles to install on the node (docs/contract.md 5.7). */
export const Bundles = z.array(
  z.looseObject({
    targets: Strings.optional().meta({
      description: 'container://, docker:// or run://, followed by the name of an image.',
    }),
    repository: Text.meta({ description: 'Package repository of package:// targets.' }),
    rootfs_path: Text.meta({ description: 'Where container:// targets are unpacked.' }),
    db_path: Text.meta({ description: 'Package database of package:// targets.' }),
    local_file: Flag.meta({ description: 'The targets are tar files on the node.' }),
  }),
);

/** Variables of the boot menu (docs/contract.md 2.1, 4.3). */
export const GrubOptions = z.looseObject({
  default_fallback: Text.meta({ description: 'Fallback order of the menu.' }),
  default_menu_entry: Text.meta({ description: 'Title of the first entry.' }),
  extra_cmdline: Text.meta({ description: 'Kernel arguments for every entry; double quotes keep spaces.' }),
  extra_active_cmdline: Text.meta({ description: 'Kernel arguments for the active entry.' }),
  extra_passive_cmdline: Text.meta({ description: 'Kernel arguments for the passive entry.' }),
  extra_recovery_cmdline: Text.meta({ description: 'Kernel arguments for the recovery entry.' }),
  next_entry: Text.meta({ description: 'Entry for the next boot only.' }),
  saved_entry: Text.meta({ description: 'Entry for every boot.' }),
});

/** Keys that install, upgrade and reset share (docs/contract.md 4.4). */
const deploying = {
  reboot: Flag.meta({ description: 'Reboot afterwards.' }),
  poweroff: Flag.meta({ description: 'Power off afterwards.' }),
  'grub-entry-name': Text.meta({ description: 'Title of the entry in the boot menu.' }),
  'extra-dirs-rootfs': Strings.optional().meta({
    description: 'Additional directories in the root filesystem.',
  }),
};
const insecure = Flag.meta({ description: 'Accept registries without valid TLS.' });

/** How a node is installed (docs/contract.md 4.4, 1.1). */
export const InstallConfig = z.looseObject({
  auto: Flag.meta({ description: 'Install at boot without asking.' }),
  device: z.string().regex(DEVICE, 'is neither auto nor /dev/… nor script://…').optional().meta({
    description:
      'Target disk: auto (the largest one), a path below /dev, or script://COMMAND that prints one.',
  }),
  source: Text.meta({ description: 'Image to install instead of the running one.' }),
  image: Text.meta({ description: 'Older name of source.', deprecated: true }),
  'no-format': Flag.meta({
    description: 'Keep the existing partitions; they must have the expected labels.',
  }),
  force: Flag.meta({ description: 'Continue if an installation is found.' }),
  'part-table': z.enum(['gpt']).optional().meta({ description: 'Type of the partition table.' }),
  firmware: z.enum(['efi', 'bios']).optional().meta({ description: 'Detected by default.' }),
  tty: Text.meta({ description: 'Console device.' }),
  iso: Text.meta({ description: 'ISO to install from.' }),
  'cloud-init': z.union([z.string(), Strings]).optional().meta({ description: 'Additional cloud-configs.' }),
  nousers: Flag.meta({ description: 'Allow a node that nobody can log in to.' }),
  ssh_hardening: Flag.meta({ description: 'Write a stricter configuration of the SSH server.' }),
  env: Strings.optional().meta({ description: 'Environment of the installer, such as HTTPS_PROXY=URL.' }),
  grub_options: GrubOptions.optional(),
  bundles: Bundles.optional(),
  encrypted_partitions: Strings.optional().meta({ description: 'Labels of the partitions to encrypt.' }),
  skip_copy_kcrypt_plugin: Flag.meta({ description: 'Do not copy encryption plugins to OEM.' }),
  bind_mounts: Strings.optional().meta({ description: 'Directories that persist.' }),
  ephemeral_mounts: Strings.optional().meta({
    description: 'Directories that are writable and lost at reboot.',
  }),
  partitions: z
    .looseObject({
      efi: Partition.optional(),
      oem: Partition.optional(),
      recovery: Partition.optional(),
      state: Partition.optional(),
      persistent: Partition.optional(),
    })
    .optional()
    .meta({ description: 'Sizes and filesystems of the fixed partitions.' }),
  'extra-partitions': z
    .array(
      z.looseObject({
        name: z.string().min(1).meta({ description: 'Partition label.' }),
        size: Size.optional(),
        fs: Text.meta({
          description: 'ext2 by default; "-", none or noformat leaves the partition unformatted.',
        }),
        label: Text.meta({ description: 'Filesystem label.' }),
      }),
    )
    .optional()
    .meta({ description: 'Additional partitions, after the fixed ones.' }),
  system: Image.optional(),
  passive: Image.optional(),
  'recovery-system': Image.optional(),
  'allow-insecure-registries': insecure,
  'skip-entries': Strings.optional().meta({ description: 'Boot entries to omit (Trusted Boot).' }),
  ...deploying,
});
export type InstallConfig = z.output<typeof InstallConfig>;

/** How a node is upgraded (docs/contract.md 4.4). */
export const UpgradeConfig = z.looseObject({
  entry: Text.meta({ description: 'Boot entry to upgrade (Trusted Boot).' }),
  recovery: Flag.meta({ description: 'Upgrade the recovery system instead.' }),
  system: Image.optional(),
  'recovery-system': Image.optional(),
  'excluded-paths': Strings.optional().meta({ description: 'Paths of the source that are not copied.' }),
  'allow-insecure-registries': insecure,
  'efi-partition': Partition.optional(),
  ...deploying,
});
export type UpgradeConfig = z.output<typeof UpgradeConfig>;

/** What a reset does (docs/contract.md 4.4). */
export const ResetConfig = z.looseObject({
  'reset-persistent': Flag.meta({ description: 'Format the persistent partition; true by default.' }),
  'reset-oem': Flag.meta({ description: 'Format the OEM partition.' }),
  system: Image.optional(),
  ...deploying,
});
export type ResetConfig = z.output<typeof ResetConfig>;
