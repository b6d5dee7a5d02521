import { LABEL_PREFIX } from '../../common/contract/labels.ts';
import { PARTITION_TYPE } from '../../common/contract/partitions.ts';
import { uuidFromName } from '../../common/contract/uuid.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Extent } from './plan-extents.ts';

/** A partition that a step asks for (docs/contract.md 4.7). */
export interface RequestedPartition {
  readonly fsLabel?: string | undefined;
  readonly pLabel?: string | undefined;
  /** MiB; 0 means the rest of the disk. */
  readonly size?: number | undefined;
  readonly filesystem?: string | undefined;
  readonly bootable?: boolean | undefined;
}

/** GPT types that the system partitions do not use (UEFI specification; discoverable partitions). */
const BASIC_DATA = 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7';
const SWAP = '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f';

/** Maximum length of a label, by filesystem (mke2fs(8), mkfs.xfs(8), mkfs.fat(8), mkswap(8)). */
const LABEL_LENGTH: Readonly<Record<string, number>> = {
  ext2: 16,
  ext3: 16,
  ext4: 16,
  xfs: 12,
  btrfs: 255,
  vfat: 11,
  swap: 16,
};
const RAW = ['-', 'none', 'noformat', 'raw'];
const ALIASES: Readonly<Record<string, string>> = { fat: 'vfat', fat16: 'vfat', fat32: 'vfat' };

/**
 * The filesystem of a partition: ext2 by default, `undefined` for a partition that stays raw.
 * @throws FactoryError `usage` when the filesystem is not supported or the label is too long
 */
export function filesystemOf({ filesystem, fsLabel = '' }: RequestedPartition): string | undefined {
  const wanted = (filesystem || 'ext2').toLowerCase();
  if (RAW.includes(wanted)) return undefined;
  const type = ALIASES[wanted] ?? wanted;
  const most = LABEL_LENGTH[type];
  if (most === undefined) {
    throw new FactoryError('PARTITION_INVALID', `the filesystem ${wanted} is not supported`, {
      remedy: `Choose one of ${Object.keys(LABEL_LENGTH).join(', ')}, or none.`,
    });
  }
  if (fsLabel.length > most) {
    throw new FactoryError(
      'PARTITION_INVALID',
      `the label ${fsLabel} is longer than ${most} characters, the limit of ${type}`,
      {
        remedy: 'Choose a shorter label.',
      },
    );
  }
  return type;
}

/** The sfdisk line that adds a partition at a place (sfdisk(8), "Named-fields format"). @throws as {@link filesystemOf} */
export function sfdiskLine(wanted: RequestedPartition, { start, size }: Extent): string {
  const filesystem = filesystemOf(wanted);
  const { pLabel = '', fsLabel = '', bootable = false } = wanted;
  const esp = filesystem === 'vfat' && bootable;
  const type = esp
    ? PARTITION_TYPE.efiSystem
    : filesystem === 'vfat'
      ? BASIC_DATA
      : filesystem === 'swap'
        ? SWAP
        : PARTITION_TYPE.linux;
  const fields = [`start=${start}`, `size=${size}`, `type=${type}`];
  // System partitions have the same GUIDs on every node (docs/contract.md 1.1).
  if (fsLabel.startsWith(LABEL_PREFIX)) fields.push(`uuid=${uuidFromName(fsLabel)}`);
  if (pLabel !== '') fields.push(`name="${pLabel.replaceAll(/["\\]/g, '\\$&')}"`);
  if (bootable) fields.push(`attrs="${esp ? 'RequiredPartition' : 'LegacyBIOSBootable'}"`);
  return fields.join(', ');
}
