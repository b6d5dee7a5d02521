import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { diskGeometry } from '../deploy/block-device.ts';
import type { DiskMap, Extent } from './plan-extents.ts';

/** A partition as it is in the table. */
export interface TablePartition extends Extent {
  /** Its device. */
  readonly node: string;
  readonly name: string;
  readonly number: number;
}

/** A disk and its GPT. */
export interface PartitionTable extends DiskMap {
  readonly disk: string;
  /** GUID of the disk, in lower case. */
  readonly guid: string;
  readonly partitions: readonly TablePartition[];
}

/** What `sfdisk --json` prints, as far as it is used here. */
interface Dump {
  readonly partitiontable?: {
    readonly label?: string;
    readonly id?: string;
    readonly partitions?: readonly {
      readonly node: string;
      readonly start: number;
      readonly size: number;
      readonly name?: string;
    }[];
  };
}

/** The disk below a device: itself, that of a partition, that of a mapping on one. @throws FactoryError `usage` */
export async function diskOf(host: Host, device: string): Promise<string> {
  const args = ['--inverse', '--list', '--noheadings', '--paths', '--output', 'NAME,TYPE', device];
  const { status, stdout } = await host.run('lsblk', args, { allowFailure: true });
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const disk = rows.find(([, type]) => type === 'disk' || type === 'loop')?.[0];
  if (status === 0 && disk !== undefined) return disk;
  throw new FactoryError('PARTITION_NOT_FOUND', `${device} is not on a disk`, {
    remedy: 'Choose one that lsblk shows.',
  });
}

/** The GPT of a disk; `undefined` when it has none. @throws FactoryError `usage` when it is no disk */
export async function readTable(host: Host, disk: string): Promise<PartitionTable | undefined> {
  const geometry = await diskGeometry(host, disk);
  const { status, stdout } = await host.run('sfdisk', ['--json', disk], { allowFailure: true });
  if (status !== 0) return undefined;
  const { partitiontable: table } = JSON.parse(stdout) as Dump;
  if (table?.label !== 'gpt') return undefined;
  const partitions = (table.partitions ?? []).map(({ node, start, size, name = '' }) => ({
    node,
    start,
    size,
    name,
    number: Number(/\d+$/.exec(node)?.[0]),
  }));
  return { ...geometry, disk, guid: (table.id ?? '').toLowerCase(), partitions };
}

/** The same, for one that has to be there. @throws FactoryError `usage` */
export async function needTable(host: Host, disk: string): Promise<PartitionTable> {
  const table = await readTable(host, disk);
  if (table !== undefined) return table;
  throw new FactoryError('PARTITION_INVALID', `${disk} has no GPT`, {
    remedy: 'For an empty disk, give its path and "init_disk: true".',
  });
}

/** An empty GPT in place of whatever the disk has. */
export async function writeEmptyTable(host: Host, disk: string, guid: string): Promise<void> {
  await host.run('wipefs', ['--all', '--quiet', disk]);
  await host.run('sfdisk', ['--quiet', '--wipe', 'always', disk], {
    input: `label: gpt\nlabel-id: ${guid}\n`,
  });
  await settle(host);
}

/** Flags for disks that are in use: nothing is locked, and partx tells the kernel about the one partition that changed. */
const IN_USE = ['--quiet', '--force', '--no-reread', '--no-tell-kernel'];

/** Brings the backup table of a disk that has grown to its end; only then can partitions go there. */
async function relocate(host: Host, disk: string): Promise<void> {
  await host.run('sfdisk', [...IN_USE, '--relocate', 'gpt-bak-std', disk], { allowFailure: true });
}

/** Gives a partition another size. */
export async function resizePartition(host: Host, disk: string, number: number, to: Extent): Promise<void> {
  await relocate(host, disk);
  await host.run('sfdisk', [...IN_USE, '--partno', String(number), disk], {
    input: `start=${to.start}, size=${to.size}\n`,
  });
  await host.run('partx', ['--update', '--nr', String(number), disk]);
  await settle(host);
}

/**
 * Adds partitions to a table, each as a line of an sfdisk script (sfdisk(8), "Named-fields format"), and makes the kernel
 * see them.
 */
export async function appendPartitions(host: Host, disk: string, lines: readonly string[]): Promise<void> {
  await relocate(host, disk);
  await host.run('sfdisk', [...IN_USE, '--append', '--wipe-partitions', 'always', disk], {
    input: lines.map((line) => `${line}\n`).join(''),
  });
  await host.run('partx', ['--update', disk]);
  await settle(host);
}

/** Waits until udev has made the links, where there is udev. */
async function settle(host: Host): Promise<void> {
  if (!(await host.has('udevadm'))) return;
  await host.run('udevadm', ['settle', '--timeout=30'], { allowFailure: true });
}
