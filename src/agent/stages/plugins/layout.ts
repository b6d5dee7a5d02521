import type { StageStep } from '../../../common/cloud-config/step-schema.ts';
import { LAYOUT_DISK_NAME, MIB, PARTITION_TYPE } from '../../../common/contract/partitions.ts';
import { uuidFromName } from '../../../common/contract/uuid.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import { waitForDevice } from '../../deploy/block-device.ts';
import { formatPartition, releaseDisk } from '../../deploy/disk.ts';
import { findByLabel } from '../../deploy/find-by-label.ts';
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
import { deviceOfScript } from '../../disks.ts';
import type { Plugin } from '../plugin.ts';

type Layout = NonNullable<StageStep['layout']>;

/**
 * `layout`: creates an empty table, adds partitions, and grows the last partition with its filesystem. Existing partitions
 * stay, so that the step can run at every boot. Growing to a size comes before the additions, which use the space after it;
 * growing to the end of the disk comes after them.
 *
 * @throws FactoryError `usage` when the disk does not exist or is too small, `step` when a program fails
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
    // After additions, a different partition is the last one.
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
    throw new FactoryError('CLOUD_CONFIG_INVALID', 'init_disk requires the path of the disk', {
      remedy: 'Set device.path, for example to /dev/disk/by-id/…',
    });
  }
  const labelled = label && !init_disk ? await findByLabel(host, label) : undefined;
  const device = labelled ?? (path && (await deviceOfScript(host, path)));
  if (device) return diskOf(host, device);
  throw new FactoryError(
    'PARTITION_NOT_FOUND',
    label ? `no filesystem has the label ${label}` : 'layout has no device',
    {
      remedy:
        'Set device.label to the label of a filesystem on the disk, or device.path to the path of the disk.',
    },
  );
}

/** Creates an empty table, unless the disk already has the table with this name, which stays with all its data. */
async function initialize(host: Host, disk: string, name: string): Promise<void> {
  const guid = uuidFromName(name);
  if ((await readTable(host, disk))?.guid === guid) return;
  await releaseDisk(host, disk);
  await writeEmptyTable(host, disk, guid);
}

/** Partitions to add: those without a filesystem of their label and without a partition of their name on this disk. */
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
    // After a power cut between table and filesystem it is empty. Otherwise it may belong to someone else and is not formatted.
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
      throw new FactoryError('DEVICE_MISSING', `a new partition of ${disk} is missing from its table`, {
        remedy: 'Check "dmesg" for disk errors.',
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
  // 2 means "nothing found" (blkid(8)); any other status, such as an ambivalent result, does not prove that it is empty.
  return status === 2 && stdout.trim() === '';
}

async function format(host: Host, made: TablePartition, wanted: RequestedPartition): Promise<void> {
  const filesystem = filesystemOf(wanted);
  const label = wanted.fsLabel || undefined;
  if (filesystem === undefined) return;
  host.log('info', `creating the filesystem ${filesystem} ${label ?? ''} on ${made.node}`);
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
    host.log('info', `growing ${last.node} to ${Math.floor((place.size * table.sector) / MIB)} MiB`);
    await resizePartition(host, disk, { number: last.number, to: place });
  }
  // Always: a power cut may have separated the two steps in an earlier run.
  await growFilesystem(host, last.node);
}
