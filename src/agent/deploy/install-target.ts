import { LABEL } from '../../common/contract/labels.ts';
import { arrangePartitions, systemPartitions } from '../../common/contract/partitions.ts';
import type { Host } from '../../common/host/host.ts';
import { chooseDisk } from '../disks.ts';
import type { BiosPlace } from './bios-boot.ts';
import { biosPartition, diskGeometry, needLabel } from './block-device.ts';
import { formatPartition, releaseDisk, writeTable } from './disk.ts';
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

/**
 * Partitions a disk and creates the filesystems (docs/contract.md 1.1); all data on it is lost.
 * @throws FactoryError `usage` when the disk does not exist, is in use or is too small, `step` when a program fails
 */
export async function prepareDisk(
  host: Host,
  options: InstallOptions,
  { wanted, imageMib, progress }: DiskRequest,
): Promise<InstallTarget> {
  const disk = await chooseDisk(host, wanted);
  const geometry = await diskGeometry(host, disk);
  const sizes = diskSizes(options, { systemImage: imageMib, recoveryImage: imageMib, arch: host.arch });
  const requests = systemPartitions(sizes).map((request) => {
    const filesystem = (options.filesystems as Readonly<Record<string, string | undefined>>)[request.name];
    return filesystem === undefined ? request : { ...request, filesystem };
  });
  const layout = arrangePartitions([...requests, ...options.extraPartitions], geometry);
  await releaseDisk(host, disk);
  progress.step('partition', `Partitioning ${disk}: all data on it will be lost`);
  const devices = await writeTable(host, disk, { layout, sector: geometry.sector });
  const device = (name: string) => devices.get(name) ?? '';
  for (const partition of layout.partitions) await formatPartition(host, device(partition.name), partition);
  const bios = layout.partitions.find(({ name }) => name === 'bios');
  if (bios === undefined) return { device, bios: undefined };
  return { device, bios: { disk, device: device('bios'), start: bios.start } };
}

/** Finds the partitions of a disk that was prepared in advance (docs/contract.md 1.2). @throws FactoryError `usage` when one is missing */
export async function existingTarget(host: Host): Promise<InstallTarget> {
  const found = {
    state: await needLabel(host, LABEL.state),
    recovery: await needLabel(host, LABEL.recovery),
    oem: await needLabel(host, LABEL.oem),
    persistent: await needLabel(host, LABEL.persistent),
    efi: await needLabel(host, LABEL.efi),
  };
  return { device: (name) => found[name], bios: await biosPartition(host, found.state) };
}
