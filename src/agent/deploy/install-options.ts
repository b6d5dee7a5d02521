import { menuVariables } from '../../common/cloud-config/menu-variables.ts';
import { architecture } from '../../common/contract/architectures.ts';
import { type DiskSizes, PARTITION_TYPE, type PartitionRequest } from '../../common/contract/partitions.ts';
import { uuidFromName } from '../../common/contract/uuid.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { boolean, imageSource, list, number, strings, type Tree, text, tree } from './config-values.ts';

/** The options of an installation, from the merged configuration (docs/contract.md 4.4). */
export interface InstallOptions {
  readonly device: string;
  readonly source: string | undefined;
  readonly noFormat: boolean;
  /** Requested sizes in MiB. */
  readonly sizes: Partial<Record<'efi' | 'oem' | 'recovery' | 'state' | 'persistent', number>>;
  readonly filesystems: Partial<Record<'oem' | 'recovery' | 'state' | 'persistent', string>>;
  readonly extraPartitions: readonly PartitionRequest[];
  readonly systemMib: number;
  readonly recoverySource: string | undefined;
  readonly extraDirectories: readonly string[];
  readonly grubOptions: Readonly<Record<string, string>>;
  readonly menuEntry: string | undefined;
  readonly bindMounts: readonly string[];
  readonly ephemeralMounts: readonly string[];
  readonly sshHardening: boolean;
  readonly bundles: readonly unknown[];
  readonly failOnBundles: boolean;
  readonly insecure: boolean;
  readonly noUsers: boolean;
  readonly ejectMedium: boolean;
  readonly finish: 'reboot' | 'poweroff' | undefined;
}

/** Values of `fs` in `extra-partitions` that leave a partition raw (docs/contract.md 1.2). */
const RAW = ['', '-', 'none', 'noformat'];

/**
 * Reads the options of an installation.
 * @throws FactoryError `usage` when an extra partition has no name
 */
export function installOptions(config: Tree): InstallOptions {
  const install = tree(config['install']);
  const partitions = tree(install['partitions']);
  const size = (name: string) => number(tree(partitions[name])['size']);
  const filesystem = (name: string) => text(tree(partitions[name])['fs']);
  const names = ['efi', 'oem', 'recovery', 'state', 'persistent'] as const;
  return {
    device: text(install['device']) ?? 'auto',
    source: text(install['source']) ?? text(install['image']) ?? imageSource(install['system']),
    noFormat: boolean(install['no-format']),
    sizes: present(Object.fromEntries(names.map((name) => [name, size(name)]))),
    filesystems: present(
      Object.fromEntries(names.filter((name) => name !== 'efi').map((name) => [name, filesystem(name)])),
    ),
    extraPartitions: list(install['extra-partitions']).map((entry) => extraPartition(tree(entry))),
    systemMib: number(tree(install['system'])['size']) ?? 0,
    recoverySource: imageSource(install['recovery-system']),
    extraDirectories: strings(install['extra-dirs-rootfs']),
    grubOptions: menuVariables(config),
    menuEntry: text(install['grub-entry-name']),
    bindMounts: strings(install['bind_mounts']),
    ephemeralMounts: strings(install['ephemeral_mounts']),
    sshHardening: boolean(install['ssh_hardening']),
    bundles: [...list(config['bundles']), ...list(install['bundles'])],
    failOnBundles: boolean(config['fail_on_bundles_errors']),
    insecure: boolean(install['allow-insecure-registries']),
    noUsers: boolean(install['nousers']),
    ejectMedium: boolean(config['eject-cd']),
    finish: boolean(install['poweroff']) ? 'poweroff' : boolean(install['reboot']) ? 'reboot' : undefined,
  };
}

/** The images that a disk has to hold. */
export interface DiskContent {
  /** Size of the system image, in MiB. */
  readonly systemImage: number;
  /** Size of the recovery image, in MiB. */
  readonly recoveryImage: number;
  readonly arch: string;
}

/** The sizes of the system partitions (docs/contract.md 1.1). */
export function diskSizes(
  options: InstallOptions,
  { systemImage, recoveryImage, arch }: DiskContent,
): DiskSizes {
  const { state, recovery, efi, oem, persistent } = options.sizes;
  return {
    systemImage,
    recoveryImage,
    oem: oem ?? 64,
    persistent: persistent ?? 0,
    bios: architecture(arch)?.bios ?? false,
    ...(state === undefined ? {} : { state }),
    ...(recovery === undefined ? {} : { recovery }),
    ...(efi === undefined ? {} : { efi }),
  };
}

function extraPartition(entry: Tree): PartitionRequest {
  const name = text(entry['name']);
  if (name === undefined) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', 'a partition of install.extra-partitions has no name', {
      remedy: 'Give each extra partition a name.',
    });
  }
  const filesystem = text(entry['fs']) ?? 'ext2';
  const label = text(entry['label']);
  return {
    name,
    ...(label === undefined ? {} : { label }),
    ...(RAW.includes(filesystem) ? {} : { filesystem }),
    type: PARTITION_TYPE.linux,
    guid: uuidFromName(label ?? name),
    attributes: [],
    mib: number(entry['size']) ?? 0,
  };
}

function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}
