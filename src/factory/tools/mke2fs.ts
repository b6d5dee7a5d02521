import { extOptions } from '../../common/contract/filesystems.ts';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const MKE2FS: HostTool = {
  name: 'mke2fs',
  package: 'e2fsprogs',
  purpose: 'makes the slot image and the partitions of disks',
  version: {
    args: ['-V'],
    pattern: /mke2fs (\d+(?:\.\d+)*)/,
    range: '>=1.45.0',
    reason: 'older versions do not sort the entries of a copied directory',
  },
};

/** An ext filesystem to create. */
export interface ExtFilesystem {
  readonly type: 'ext2' | 'ext4';
  readonly label: string;
  readonly uuid: string;
  /** Size in KiB. */
  readonly kib: number;
  /** Number of inodes; mke2fs decides when absent. */
  readonly inodes?: number;
  /** Unix timestamp for the superblock. */
  readonly epoch: number;
  /** Percentage of blocks reserved for root. */
  readonly reserved: number;
  /** Whether the filesystem will grow with its disk. */
  readonly growing?: boolean;
  /** Directory to copy in; the filesystem stays empty when absent. */
  readonly source?: string;
}

/**
 * Creates a filesystem in a file and copies a directory into it, without mounting and without privileges.
 * @param target.offset byte offset of the filesystem in the file
 */
export async function mke2fs(
  runner: Runner,
  target: { readonly file: string; readonly offset: number },
  filesystem: ExtFilesystem,
): Promise<void> {
  const extended = ['lazy_itable_init=0', 'lazy_journal_init=1', 'nodiscard', `hash_seed=${filesystem.uuid}`];
  if (target.offset > 0) extended.push(`offset=${target.offset}`);
  const args = extOptions(filesystem.type, filesystem.label, { growing: filesystem.growing ?? false });
  args.push('-m', String(filesystem.reserved), '-U', filesystem.uuid, '-E', extended.join(','));
  if (filesystem.inodes !== undefined) args.push('-N', String(filesystem.inodes));
  if (filesystem.source !== undefined) args.push('-d', filesystem.source);
  args.push(target.file, `${filesystem.kib}k`);
  // libext2fs stamps the superblock with this time instead of the clock's (lib/ext2fs/initialize.c, "fs->now").
  await runner.run(MKE2FS, args, {
    env: { E2FSPROGS_FAKE_TIME: String(filesystem.epoch), MKE2FS_CONFIG: '/dev/null' },
  });
}
