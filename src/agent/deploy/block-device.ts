import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type DiskGeometry, PARTITION_TYPE } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/** The unit of sysfs, whatever the disk's sector size (Documentation/ABI/stable/sysfs-block). */
const SYSFS_SECTOR = 512;

/** Reads the size and logical sector size of a disk. @throws FactoryError `usage` when it is not a block device */
export async function diskGeometry(host: Host, disk: string): Promise<DiskGeometry> {
  const name = basename(disk);
  const size = await host.readText(`/sys/class/block/${name}/size`);
  if (size === undefined) {
    throw new FactoryError('DISK_NOT_FOUND', `${disk} is not a disk`, {
      remedy: 'Choose a disk that lsblk lists.',
    });
  }
  const sector = await host.readText(`/sys/class/block/${name}/queue/logical_block_size`);
  return { size: Number(size) * SYSFS_SECTOR, sector: Number(sector ?? SYSFS_SECTOR) };
}

/** The device of a partition: /dev/vda1, /dev/nvme0n1p1 (kernel, `disk_name`). */
export function partitionPath(disk: string, number: number): string {
  return /\d$/.test(disk) ? `${disk}p${number}` : `${disk}${number}`;
}

/** The location of a partition. */
export interface PartitionPlace {
  /** Device of its disk. */
  readonly disk: string;
  readonly number: number;
  /** Bytes from the start of the disk. */
  readonly start: number;
}

/** Locates a partition. @throws FactoryError `usage` when the device is not a partition */
export async function partitionPlace(host: Host, device: string): Promise<PartitionPlace> {
  const name = basename(device);
  const [number, start] = await Promise.all([
    host.readText(`/sys/class/block/${name}/partition`),
    host.readText(`/sys/class/block/${name}/start`),
  ]);
  if (number === undefined || start === undefined) {
    throw new FactoryError('PARTITION_NOT_FOUND', `${device} is not a partition`);
  }
  // /sys/class/block/vda1 points to …/block/vda/vda1.
  const link = await host.readLink(`/sys/class/block/${name}`);
  const disk = link.split('/').at(-2) ?? '';
  return { disk: `/dev/${disk}`, number: Number(number), start: Number(start) * SYSFS_SECTOR };
}

/** The BIOS boot partition on the same disk as another partition, if there is one (docs/contract.md 1.1). */
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

/** Finds the partition with a filesystem label, waiting up to `seconds`. @returns its device, or `undefined` */
export async function findByLabel(host: Host, label: string, seconds = 0): Promise<string | undefined> {
  for (let left = seconds * 10; ; left -= 1) {
    const { status, stdout } = await host.run('blkid', ['-L', label], { allowFailure: true });
    const device = stdout.trim();
    if (status === 0 && device !== '') return device;
    if (left <= 0) return undefined;
    await host.sleep(100);
  }
}

/** Finds the partition with a filesystem label. @throws FactoryError `usage` when it does not exist */
export async function needLabel(host: Host, label: string): Promise<string> {
  const device = await findByLabel(host, label);
  if (device !== undefined) return device;
  throw new FactoryError('PARTITION_NOT_FOUND', `no partition has the label ${label}`, {
    remedy: 'Run this on an installed Kairos node. On a live medium, install the system first.',
  });
}

/** Waits for a device node: udev creates it shortly after the table is written. @throws FactoryError `step` on timeout */
export async function waitForDevice(host: Host, device: string, seconds = 15): Promise<void> {
  for (let left = seconds * 10; (await host.stat(device)) === undefined; left -= 1) {
    if (left <= 0) {
      throw new FactoryError('DEVICE_MISSING', `${device} did not appear within ${seconds} s`, {
        remedy: 'Check "dmesg" for disk errors, and try again.',
      });
    }
    await host.sleep(100);
  }
}

/** Writes bytes at an offset of a device or file, and syncs them to disk. */
export async function writeAt(
  host: Host,
  path: string,
  { offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array },
): Promise<void> {
  const handle = await open(host.resolve(path), 'r+');
  try {
    await handle.write(bytes, 0, bytes.length, offset);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Reads bytes at an offset of a device or file; fewer than `length` at its end. */
export async function readAt(
  host: Host,
  path: string,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<Buffer> {
  const handle = await open(host.resolve(path), 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
