import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type DiskGeometry, PARTITION_TYPE } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/** sysfs counts in these, whatever the disk's own sectors are (Documentation/ABI/stable/sysfs-block). */
const SYSFS_SECTOR = 512;

/** Size and logical sector of a disk. @throws FactoryError `usage` when it is no block device */
export async function diskGeometry(host: Host, disk: string): Promise<DiskGeometry> {
  const name = basename(disk);
  const size = await host.readText(`/sys/class/block/${name}/size`);
  if (size === undefined) {
    throw new FactoryError('DISK_NOT_FOUND', `${disk} is no disk`, {
      remedy: 'Choose one that lsblk shows.',
    });
  }
  const sector = await host.readText(`/sys/class/block/${name}/queue/logical_block_size`);
  return { size: Number(size) * SYSFS_SECTOR, sector: Number(sector ?? SYSFS_SECTOR) };
}

/** The device of a disk's partition: /dev/vda1, /dev/nvme0n1p1 (kernel, `disk_name`). */
export function partitionPath(disk: string, number: number): string {
  return /\d$/.test(disk) ? `${disk}p${number}` : `${disk}${number}`;
}

/** What sysfs tells of a partition. */
export interface PartitionPlace {
  /** Device of the disk that it is on. */
  readonly disk: string;
  readonly number: number;
  /** Bytes from the start of the disk. */
  readonly start: number;
}

/** Where a partition is. @throws FactoryError `usage` when the device is no partition */
export async function partitionPlace(host: Host, device: string): Promise<PartitionPlace> {
  const name = basename(device);
  const [number, start] = await Promise.all([
    host.readText(`/sys/class/block/${name}/partition`),
    host.readText(`/sys/class/block/${name}/start`),
  ]);
  if (number === undefined || start === undefined) {
    throw new FactoryError('PARTITION_NOT_FOUND', `${device} is no partition of a disk`);
  }
  // /sys/class/block/vda1 leads to …/block/vda/vda1.
  const link = await host.readLink(`/sys/class/block/${name}`);
  const disk = link.split('/').at(-2) ?? '';
  return { disk: `/dev/${disk}`, number: Number(number), start: Number(start) * SYSFS_SECTOR };
}

/** The BIOS boot partition of the disk that a partition is on, if it has one (docs/contract.md 1.1). */
export async function biosPartition(
  host: Host,
  sibling: string,
): Promise<{ disk: string; device: string; start: number } | undefined> {
  const { disk } = await partitionPlace(host, sibling);
  const { stdout } = await host.run('lsblk', ['-nrpo', 'NAME,PARTTYPE', disk]);
  const row = stdout.split('\n').find((line) => line.endsWith(PARTITION_TYPE.biosBoot));
  const device = row?.split(' ')[0];
  return device === undefined
    ? undefined
    : { disk, device, start: (await partitionPlace(host, device)).start };
}

/** The device of the partition with a filesystem label, or `undefined` after `seconds` without one. */
export async function findByLabel(host: Host, label: string, seconds = 0): Promise<string | undefined> {
  for (let left = seconds * 10; ; left -= 1) {
    const { status, stdout } = await host.run('blkid', ['-L', label], { allowFailure: true });
    const device = stdout.trim();
    if (status === 0 && device !== '') return device;
    if (left <= 0) return undefined;
    await host.sleep(100);
  }
}

/** The same, for one that has to be there. @throws FactoryError `usage` */
export async function needLabel(host: Host, label: string): Promise<string> {
  const device = await findByLabel(host, label);
  if (device !== undefined) return device;
  throw new FactoryError('PARTITION_NOT_FOUND', `there is no partition with the label ${label}`, {
    remedy: 'Is this an installed Kairos node? From a live medium, install it first.',
  });
}

/** Waits until a device node is there, as udev makes them a moment after a table was written. */
export async function waitForDevice(host: Host, device: string, seconds = 15): Promise<void> {
  for (let left = seconds * 10; (await host.stat(device)) === undefined; left -= 1) {
    if (left <= 0) {
      throw new FactoryError('DEVICE_MISSING', `${device} has not appeared after ${seconds} s`, {
        remedy: 'Look at "dmesg" for errors of the disk, and try again.',
      });
    }
    await host.sleep(100);
  }
}

/** Writes bytes at a place of a device or file, down to the disk. */
export async function writeAt(host: Host, path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(host.resolve(path), 'r+');
  try {
    await handle.write(bytes, 0, bytes.length, offset);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Reads bytes from a place of a device or file. */
export async function readAt(host: Host, path: string, offset: number, length: number): Promise<Buffer> {
  const handle = await open(host.resolve(path), 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
