import type { DiskLayout } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const SGDISK: HostTool = { name: 'sgdisk', package: 'gdisk', purpose: 'writes partition tables' };

const SECTOR = 512;

/**
 * Writes the partition table of `layout` into a file of the disk's size and reads it back, because sgdisk exits
 * with 0 on some errors that leave the table unwritten.
 * @param options.alignment in sectors, 2048 when absent; sgdisk moves partitions that do not begin at a multiple of it
 * @throws FactoryError `step` when the table on the disk is not `layout`
 */
export async function writePartitionTable(
  runner: Runner,
  layout: DiskLayout,
  options: { readonly file: string; readonly alignment?: number },
): Promise<void> {
  const { file, alignment = 2048 } = options;
  const args = ['--clear', `--disk-guid=${layout.guid}`, `--set-alignment=${alignment}`];
  layout.partitions.forEach((partition, index) => {
    const number = index + 1;
    const last = (partition.start + partition.size) / SECTOR - 1;
    args.push(`--new=${number}:${partition.start / SECTOR}:${last}`);
    args.push(`--typecode=${number}:${partition.type}`, `--partition-guid=${number}:${partition.guid}`);
    args.push(`--change-name=${number}:${partition.name}`);
    for (const bit of partition.attributes) args.push(`--attributes=${number}:set:${bit}`);
  });
  await runner.run(SGDISK, [...args, file]);
  const { stdout } = await runner.run(SGDISK, ['--verify', '--print', file]);
  const sound =
    stdout.includes('No problems found') && layout.partitions.every(({ name }) => stdout.includes(name));
  if (!sound)
    throw new FactoryError('TOOL_FAILED', 'sgdisk did not write the partition table to the disk image', {
      details: stdout.split('\n'),
    });
}
