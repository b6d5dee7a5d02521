import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { diskGeometry, settle } from '../deploy/block-device.ts';
import { dumpTable } from './dump-table.ts';
import type { DiskMap, Extent } from './plan-extents.ts';

/** An entry of a partition table. */
export interface TablePartition extends Extent {
  /** Device of the partition. */
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

/** The disk of a device, which may be a disk, a partition or a mapping on either. @throws FactoryError `usage` when there is none */
export async function diskOf(host: Host, device: string): Promise<string> {
  const args = ['--inverse', '--list', '--noheadings', '--paths', '--output', 'NAME,TYPE', device];
  const { status, stdout } = await host.run('lsblk', args, { allowFailure: true });
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const disk = rows.find(([, type]) => type === 'disk' || type === 'loop')?.[0];
  if (status === 0 && disk !== undefined) return disk;
  throw new FactoryError('PARTITION_NOT_FOUND', `${device} is not on a disk`, {
    remedy: 'Choose a device that lsblk lists.',
  });
}

/** Reads the GPT of a disk; `undefined` when it has none. @throws FactoryError `usage` when the device is not a disk */
export async function readTable(host: Host, disk: string): Promise<PartitionTable | undefined> {
  const geometry = await diskGeometry(host, disk);
  const table = await dumpTable(host, disk);
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

/** Reads the GPT of a disk. @throws FactoryError `usage` when it has none or is not a disk */
export async function needTable(host: Host, disk: string): Promise<PartitionTable> {
  const table = await readTable(host, disk);
  if (table !== undefined) return table;
  throw new FactoryError('PARTITION_INVALID', `${disk} has no GPT`, {
    remedy: 'For an empty disk, give its path and "init_disk: true".',
  });
}

/** Replaces the contents of a disk with an empty GPT. */
export async function writeEmptyTable(host: Host, disk: string, guid: string): Promise<void> {
  await host.run('wipefs', ['--all', '--quiet', disk]);
  await host.run('sfdisk', ['--quiet', '--wipe', 'always', disk], {
    input: `label: gpt\nlabel-id: ${guid}\n`,
  });
  await settle(host);
}

/** Flags for disks in use: sfdisk takes no lock, and partx updates the kernel for the changed partition only. */
const IN_USE = ['--quiet', '--force', '--no-reread', '--no-tell-kernel'];

/** Moves the backup table to the end of a disk that has grown, which makes the new space usable. */
async function relocate(host: Host, disk: string): Promise<void> {
  await host.run('sfdisk', [...IN_USE, '--relocate', 'gpt-bak-std', disk], { allowFailure: true });
}

/** Changes the place of a partition on a disk. */
export async function resizePartition(
  host: Host,
  disk: string,
  { number, to }: { readonly number: number; readonly to: Extent },
): Promise<void> {
  await relocate(host, disk);
  await host.run('sfdisk', [...IN_USE, '--partno', String(number), disk], {
    input: `start=${to.start}, size=${to.size}\n`,
  });
  await host.run('partx', ['--update', '--nr', String(number), disk]);
  await settle(host);
}

/**
 * Adds partitions to a table, each given as a line of an sfdisk script (sfdisk(8), "Named-fields format"), and updates the
 * kernel.
 */
export async function appendPartitions(host: Host, disk: string, lines: readonly string[]): Promise<void> {
  await relocate(host, disk);
  await host.run('sfdisk', [...IN_USE, '--append', '--wipe-partitions', 'always', disk], {
    input: lines.map((line) => `${line}\n`).join(''),
  });
  await host.run('partx', ['--update', disk]);
  await settle(host);
}
