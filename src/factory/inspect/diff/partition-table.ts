import { openFileView } from '../../media/byte-view.ts';
import { readPartitionTable, type TablePartition } from '../../media/partition-table.ts';

/** Where a partition is, in bytes. */
export type PartitionPlace = Pick<TablePartition, 'name' | 'start' | 'size'>;

/**
 * Reads where the partitions of a disk or ISO are, in table order; none when there is no GPT.
 * @throws FactoryError as `readPartitionTable`; the error of the filesystem when the file cannot be read
 */
export async function readPartitions(file: string): Promise<PartitionPlace[]> {
  await using view = await openFileView(file);
  const table = await readPartitionTable(view);
  return (table?.partitions ?? []).map(({ name, start, size }) => ({ name, start, size }));
}
