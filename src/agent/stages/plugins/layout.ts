import type { StageStep } from '../../../common/cloud-config/step-schema.ts';
import { LAYOUT_DISK_NAME, MIB, PARTITION_TYPE } from '../../../common/contract/partitions.ts';
import { uuidFromName } from '../../../common/contract/uuid.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import { findByLabel, waitForDevice } from '../../deploy/block-device.ts';
import { formatPartition, releaseDisk } from '../../deploy/disk.ts';
import { growFilesystem } from '../../disk/grow-filesystem.ts';
import { filesystemOf, type RequestedPartition, sfdiskLine } from '../../disk/partition-kind.ts';
import {
  appendPartitions,
  diskOf,
  needTable,
  readTable,
  resizePartition,
  type TablePartition,
  writeEmptyTable,
} from '../../disk/partition-table.ts';
import { lastExtent, planAdditions, planExpansion } from '../../disk/plan-extents.ts';
import type { Plugin } from '../plugin.ts';

type Layout = NonNullable<StageStep['layout']>;

/**
 * `layout`: an empty table, more partitions, and a last partition that grows, filesystem and all. What is
 * there already stays, so that a step can run at every boot. Growing to a size comes before the additions, which need
 * the room behind; growing to the end of the disk comes after them.
 *
 * @throws FactoryError `usage` when there is no such disk or no room, `step` when a program fails
 */
export const layoutPlugin: Plugin<'layout'> = {
  key: 'layout',
  run: async ({ host }, { device, expand_partition: expand, add_partitions: wanted = [] }) => {
    if (device === undefined) return;
    for (const partition of wanted) filesystemOf(partition);
    const disk = await findDisk(host, device);
    if (device.init_disk) await initialize(host, disk, device.disk_name || LAYOUT_DISK_NAME);
    const missing = await missingPartitions(host, disk, wanted);
    const toEnd = expand?.size === 0;
    // Once its additions are there, the last partition is another one.
    if (expand && !toEnd && missing.length === wanted.length) await expandLast(host, disk, expand.size);
    await add(host, disk, missing);
    if (expand && toEnd) await expandLast(host, disk, 0);
  },
};

async function findDisk(
  host: Host,
  { label, path, init_disk }: NonNullable<Layout['device']>,
): Promise<string> {
  if (init_disk && !path) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', 'init_disk needs the path of the disk', {
      remedy: 'Give device.path, such as /dev/disk/by-id/…',
    });
  }
  const labelled = label && !init_disk ? await findByLabel(host, label) : undefined;
  const device = labelled ?? path;
  if (device) return diskOf(host, device);
  throw new FactoryError(
    'PARTITION_NOT_FOUND',
    label ? `no filesystem has the label ${label}` : 'layout names no device',
    {
      remedy: 'Give the label of a filesystem on the disk (device.label), or its path (device.path).',
    },
  );
}

/** A disk that has the table of that name keeps it, with all that is on it. */
async function initialize(host: Host, disk: string, name: string): Promise<void> {
  const guid = uuidFromName(name);
  if ((await readTable(host, disk))?.guid === guid) return;
  await releaseDisk(host, disk);
  await writeEmptyTable(host, disk, guid);
}

/** Those that are not there: neither a filesystem of their label, nor a finished partition of their name on this disk. */
async function missingPartitions(
  host: Host,
  disk: string,
  wanted: readonly RequestedPartition[],
): Promise<RequestedPartition[]> {
  if (wanted.length === 0) return [];
  const { partitions } = await needTable(host, disk);
  const missing: RequestedPartition[] = [];
  for (const partition of wanted) {
    const { fsLabel, pLabel } = partition;
    if (fsLabel && (await findByLabel(host, fsLabel)) !== undefined) continue;
    const present = pLabel ? partitions.find(({ name }) => name === pLabel) : undefined;
    if (present === undefined) missing.push(partition);
    // The power went between the table and the filesystem, or it is somebody else's: only an empty one is formatted.
    else if (await isEmpty(host, present.node)) await format(host, present, partition);
  }
  return missing;
}

async function add(host: Host, disk: string, missing: readonly RequestedPartition[]): Promise<void> {
  if (missing.length === 0) return;
  const table = await needTable(host, disk);
  const places = planAdditions(
    table,
    missing.map(({ size = 0 }) => size),
  );
  const planned = missing.flatMap((partition, index) => {
    const place = places[index];
    return place ? [{ partition, place }] : [];
  });
  await appendPartitions(
    host,
    disk,
    planned.map(({ partition, place }) => sfdiskLine(partition, place)),
  );
  const after = await needTable(host, disk);
  for (const { partition, place } of planned) {
    const made = after.partitions.find(({ start }) => start === place.start);
    if (made === undefined) {
      throw new FactoryError('DEVICE_MISSING', `a partition of ${disk} has not come into its table`, {
        remedy: 'Look at "dmesg" for errors of the disk.',
      });
    }
    await waitForDevice(host, made.node);
    await format(host, made, partition);
  }
}

async function isEmpty(host: Host, device: string): Promise<boolean> {
  const { status, stdout } = await host.run('blkid', ['-p', '-o', 'value', '-s', 'TYPE', device], {
    allowFailure: true,
  });
  // 2 is "nothing found" (blkid(8)); anything else, such as an ambivalent result, is no emptiness.
  return status === 2 && stdout.trim() === '';
}

async function format(host: Host, made: TablePartition, wanted: RequestedPartition): Promise<void> {
  const filesystem = filesystemOf(wanted);
  const label = wanted.fsLabel || undefined;
  if (filesystem === undefined) return;
  host.log('info', `making ${filesystem} ${label ?? ''} on ${made.node}`);
  if (filesystem === 'swap') {
    await host.run('mkswap', [...(label ? ['--label', label] : []), made.node]);
    return;
  }
  await formatPartition(host, made.node, {
    name: made.name,
    type: PARTITION_TYPE.linux,
    guid: '',
    attributes: [],
    start: made.start,
    size: made.size,
    filesystem,
    ...(label ? { label } : {}),
  });
}

async function expandLast(host: Host, disk: string, mib: number): Promise<void> {
  const table = await needTable(host, disk);
  const last = lastExtent(table.partitions);
  const place = planExpansion(table, mib);
  if (last === undefined) return;
  if (place !== undefined) {
    host.log('info', `${last.node} grows to ${Math.floor((place.size * table.sector) / MIB)} MiB`);
    await resizePartition(host, disk, last.number, place);
  }
  // Even without a new place: the power may have gone in between the last time.
  await growFilesystem(host, last.node);
}
