import { open } from 'node:fs/promises';
import { extFileOfBlock } from '../../tools/debugfs.ts';
import type { Runner } from '../../tools/runner.ts';
import { isoExtents } from '../../tools/xorriso.ts';
import { isExt } from './open-artifact.ts';
import { readPartitions } from './partition-table.ts';
import type { Subject } from './subject.ts';

/**
 * Describes what a byte of an artifact belongs to: a partition, and the file in it, if any.
 * @returns the description, or nothing when it is unknown
 * @throws FactoryError `step` when a tool fails
 */
export async function locate(runner: Runner, subject: Subject, offset: number): Promise<string | undefined> {
  if (subject.kind === 'iso') {
    const extents = await isoExtents(runner, subject.path);
    const found = extents.find(({ start, size }) => offset >= start && offset < start + size);
    if (found) return `byte ${offset - found.start} of ${found.path}`;
  }
  if (subject.kind !== 'raw' && subject.kind !== 'iso') return undefined;
  const partitions = await readPartitions(subject.path);
  const found = partitions.find(({ start, size }) => offset >= start && offset < start + size);
  if (found === undefined) return subject.kind === 'raw' ? 'partition table' : 'directories and boot records';
  const inside = offset - found.start;
  const place = `partition ${found.name}, byte ${inside}`;
  const block = await extBlockSize(subject.path, found.start);
  if (block === undefined) return place;
  const location = { file: subject.path, offset: found.start };
  const file = await extFileOfBlock(runner, location, Math.floor(inside / block));
  return file === undefined
    ? `${place}, which belongs to the filesystem itself`
    : `${place}, which belongs to ${file}`;
}

async function extBlockSize(file: string, start: number): Promise<number | undefined> {
  await using handle = await open(file);
  const head = Buffer.alloc(2048);
  await handle.read(head, 0, head.length, start);
  return isExt(head) ? 1024 << head.readUInt32LE(1024 + 24) : undefined;
}
