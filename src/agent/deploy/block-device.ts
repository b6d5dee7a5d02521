import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type DiskGeometry, PARTITION_TYPE } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { dumpTable } from '../disk/dump-table.ts';

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
  const disk = await diskOfDevice(host, device);
  return { disk, number: Number(number), start: Number(start) * SYSFS_SECTOR };
}

/** The device of the disk that a partition is on; any other device is returned unchanged. */
export async function diskOfDevice(host: Host, device: string): Promise<string> {
  const name = basename(device);
  if ((await host.stat(`/sys/class/block/${name}/partition`)) === undefined) return device;
  // /sys/class/block/vda1 points to …/block/vda/vda1.
  const link = await host.readLink(`/sys/class/block/${name}`);
  return `/dev/${link.split('/').at(-2) ?? ''}`;
}

/** The BIOS boot partition on the same disk as another partition, if there is one (docs/contract.md 1.1). */
export async function biosPartition(
  host: Host,
  sibling: string,
): Promise<{ disk: string; device: string; start: number } | undefined> {
  const { disk } = await partitionPlace(host, sibling);
  const { stdout } = await host.run('lsblk', ['-nrpo', 'NAME,PARTTYPE', disk]);
  const rows = stdout.split('\n').map((line) => line.trim().split(' '));
  // Without udev, lsblk does not know the types of partitions.
  const isKnown = rows.some(([, type]) => type !== undefined);
  const device = isKnown
    ? rows.find(([, type]) => type === PARTITION_TYPE.biosBoot)?.[0]
    : await biosInTable(host, disk);
  return device === undefined
    ? undefined
    : { disk, device, start: (await partitionPlace(host, device)).start };
}

async function biosInTable(host: Host, disk: string): Promise<string | undefined> {
  const { partitions = [] } = (await dumpTable(host, disk)) ?? {};
  return partitions.find(({ type }) => type?.toLowerCase() === PARTITION_TYPE.biosBoot)?.node;
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

/** Waits until udev, if present, has created the device links. */
export async function settle(host: Host): Promise<void> {
  if (!(await host.has('udevadm'))) return;
  await host.run('udevadm', ['settle', '--timeout=30'], { allowFailure: true });
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
