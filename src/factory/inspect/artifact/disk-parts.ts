import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type ByteView, partOf } from '../../media/byte-view.ts';
import type { Filesystem } from '../../media/filesystem.ts';
import { openFilesystem } from '../../media/open-filesystem.ts';
import type { TablePartition } from '../../media/partition-table.ts';
import type { FilesystemFacts, PartitionFacts } from './inspection.ts';

/** A partition that was opened. */
export interface OpenPartition {
  readonly facts: PartitionFacts;
  /** Absent when it is of a kind that is not read. */
  readonly filesystem?: Filesystem;
}

/** Opens the partitions of a disk. A broken filesystem costs its partition only. @param note receives what is broken */
export async function openPartitions(
  disk: ByteView,
  partitions: readonly TablePartition[],
  note: (text: string) => void,
): Promise<OpenPartition[]> {
  const opened: OpenPartition[] = [];
  for (const [index, partition] of partitions.entries()) {
    const { name, start, size } = partition;
    const facts = { number: index + 1, ...partition };
    try {
      const found = await openFilesystem(partOf(disk, { name: `partition ${name}`, start, size }));
      if (found === undefined) opened.push({ facts });
      else if ('type' in found) opened.push({ facts: { ...facts, filesystem: { type: found.type } } });
      else {
        const filesystem = found.readable;
        opened.push({ facts: { ...facts, filesystem: filesystemFacts(filesystem) }, filesystem });
      }
    } catch (error) {
      note(messageFor(error));
      opened.push({ facts });
    }
  }
  return opened;
}

/** What a filesystem's header says. */
export function filesystemFacts({ type, label, uuid }: Filesystem): FilesystemFacts {
  return { type, ...(label === '' ? {} : { label }), ...(uuid === undefined ? {} : { uuid }) };
}

/** The message of an expected error. @throws any other error */
export function messageFor(error: unknown): string {
  if (error instanceof FactoryError && error.kind !== 'interrupted') return error.message;
  throw error;
}
