import { truncate, writeFile } from 'node:fs/promises';
import { MIB } from '../../common/contract/partitions.ts';
import { slotImageSize } from '../../common/contract/slot-size.ts';
import { uuidFromSeed } from '../../common/contract/uuid.ts';
import type { TreeSize } from '../../common/files/walk-tree.ts';
import { mke2fs } from '../tools/mke2fs.ts';
import type { Runner } from '../tools/runner.ts';
import { setInodeTimes } from './ext-times.ts';

/**
 * Builds the image file of a slot: an ext2 filesystem with the root's tree (docs/contract.md 1.4). The same tree gives
 * the same bytes.
 * @throws FactoryError `step` when mke2fs fails
 */
export async function makeSlotImage(
  runner: Runner,
  root: string,
  options: {
    /** File to write. */
    readonly output: string;
    readonly tree: TreeSize;
    readonly label: string;
    /** Identifies the tree; the filesystem's UUID is derived from it. */
    readonly identity: string;
    readonly epoch: number;
  },
): Promise<void> {
  const { output, epoch } = options;
  const { mib, inodes } = slotImageSize(options.tree);
  await writeFile(output, '');
  await truncate(output, mib * MIB);
  const filesystem = {
    type: 'ext2',
    label: options.label,
    uuid: uuidFromSeed(`slot ${options.identity}`),
    kib: mib * 1024,
    inodes,
    epoch,
    reserved: 0,
    source: root,
  } as const;
  await mke2fs(runner, { file: output, offset: 0 }, filesystem);
  await setInodeTimes(output, 0, epoch);
}
