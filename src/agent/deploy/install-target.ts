import { LABEL } from '../../common/contract/labels.ts';
import {
  arrangePartitions,
  BIOS_SECTOR,
  type DiskGeometry,
  systemPartitions,
} from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { chooseDisk } from '../disks.ts';
import type { BiosPlace } from './bios-boot.ts';
import { biosPartition, diskGeometry } from './block-device.ts';
import { formatPartition, releaseDisk, writeTable } from './disk.ts';
import { allWithLabel, needLabel } from './find-by-label.ts';
import { diskSizes, type InstallOptions } from './install-options.ts';
import type { Progress } from './progress.ts';

/** The partitions that an installation writes to. */
export type TargetPartition = 'state' | 'recovery' | 'oem' | 'persistent' | 'efi';

/** The devices of the target disk, by partition name. */
export interface InstallTarget {
  readonly device: (name: TargetPartition) => string;
  readonly bios: BiosPlace | undefined;
}

/** How to prepare a disk. */
export interface DiskRequest {
  /** `auto`, or the device. */
  readonly wanted: string;
  /** Size of a system image, in MiB. */
  readonly imageMib: number;
  readonly progress: Progress;
}

/** Exists on a machine whose firmware is UEFI. */
const UEFI = '/sys/firmware/efi';

/**
 * Partitions a disk and creates the filesystems (docs/contract.md 1.1); all data on it is lost.
 * @throws FactoryError `usage` when the disk does not exist, is in use, is too small or cannot be booted, `step` when a program fails
 */
export async function prepareDisk(
  host: Host,
  options: InstallOptions,
  { wanted, imageMib, progress }: DiskRequest,
): Promise<InstallTarget> {
  const disk = await chooseDisk(host, wanted);
  const geometry = await diskGeometry(host, disk);
  const sizes = diskSizes(options, { systemImage: imageMib, recoveryImage: imageMib, arch: host.arch });
  if (sizes.bios) await needBootableSectors(host, disk, geometry);
  await warnOfOthers(host, disk);
  const bios = sizes.bios === true && geometry.sector === BIOS_SECTOR;
  const requests = systemPartitions({ ...sizes, bios }).map((request) => {
    const filesystem = (options.filesystems as Readonly<Record<string, string | undefined>>)[request.name];
    return filesystem === undefined ? request : { ...request, filesystem };
  });
  const layout = arrangePartitions([...requests, ...options.extraPartitions], geometry);
  await releaseDisk(host, disk);
  progress.step('partition', `Partitioning ${disk}: all data on it will be lost`);
  const devices = await writeTable(host, disk, { layout, sector: geometry.sector });
  const device = (name: string) => devices.get(name) ?? '';
  for (const partition of layout.partitions) await formatPartition(host, device(partition.name), partition);
  const place = layout.partitions.find(({ name }) => name === 'bios');
  if (place === undefined) return { device, bios: undefined };
  return { device, bios: { disk, device: device('bios'), start: place.start } };
}

/** A BIOS and the boot code that it starts read sectors of 512 bytes (docs/contract.md 1.1). */
async function needBootableSectors(host: Host, disk: string, { sector }: DiskGeometry): Promise<void> {
  if (sector === BIOS_SECTOR || (await host.stat(UEFI)) !== undefined) return;
  throw new FactoryError(
    'DISK_UNSUITABLE',
    `${disk} has sectors of ${sector} bytes, and this machine was started by a BIOS, which reads sectors of ${BIOS_SECTOR}`,
    {
      remedy: `Start the medium with UEFI, choose another disk, or switch the disk to sectors of ${BIOS_SECTOR} bytes, if it can (nvme format, hdparm --set-sector-size).`,
    },
  );
}

/** The firmware chooses the disk to start, so a second system is not an error (docs/contract.md 2.9). */
async function warnOfOthers(host: Host, disk: string): Promise<void> {
  const systems = await allWithLabel(host, LABEL.state);
  const others = [...new Set(systems.map((system) => system.disk))].filter((other) => other !== disk);
  if (others.length === 0) return;
  host.log(
    'warn',
    `${others.join(', ')} also has a Kairos system: the firmware decides which one starts, and a boot menu made before this version may start the system of another disk. If that system is not needed, erase it: wipefs --all DEVICE, for its partitions and then the disk`,
  );
}

/**
 * Finds the partitions that were prepared in advance (docs/contract.md 1.2): those of the disk, if it has them.
 * @param wanted the disk; `auto` and an empty value stand for the only one with the labels
 * @throws FactoryError `usage` when a partition is missing, or several disks have it
 */
export async function existingTarget(host: Host, wanted: string): Promise<InstallTarget> {
  const disk = wanted === '' || wanted === 'auto' ? undefined : await chooseDisk(host, wanted);
  const found = {
    state: await preparedPartition(host, LABEL.state, disk),
    recovery: await preparedPartition(host, LABEL.recovery, disk),
    oem: await preparedPartition(host, LABEL.oem, disk),
    persistent: await preparedPartition(host, LABEL.persistent, disk),
    efi: await preparedPartition(host, LABEL.efi, disk),
  };
  return { device: (name) => found[name], bios: await biosPartition(host, found.state) };
}

async function preparedPartition(host: Host, label: string, disk: string | undefined): Promise<string> {
  const all = await allWithLabel(host, label);
  const right = all.find((each) => each.disk === disk);
  if (right !== undefined) return right.device;
  if (all.length < 2) return needLabel(host, label);
  throw new FactoryError('DISK_AMBIGUOUS', `${all.length} partitions have the label ${label}`, {
    details: all.map(({ device }) => device),
    remedy: 'Set install.device to the disk to install to, or detach the other disk.',
  });
}
