import { LABEL } from '../../common/contract/labels.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { SLOT_FILE } from '../../common/contract/partition-files.ts';
import type { Host } from '../../common/host/host.ts';
import { parseSource } from '../../common/oci/layers/source.ts';
import { admitSource } from '../trust/admit-source.ts';
import { readAt } from './block-device.ts';
import { MOUNT_ROOT, mount } from './mounts.ts';
import { makeSlot, type SlotOptions } from './slot.ts';

/** A ready-made recovery system on the live medium (docs/contract.md 1.4). */
const LIVE_RECOVERY = NODE_PATH.liveRecovery;
/** Where the superblock has its field `compression_id` (kernel, fs/squashfs/squashfs_fs.h). */
const COMPRESSION = { offset: 20, length: 2 };
/** What GRUB's `squash4` reads: zlib, LZO and XZ, but neither LZ4 nor zstd (GRUB 2.06, grub-fstest). */
const READ_BY_GRUB: readonly number[] = [1, 3, 4];

/** Whether the live medium has a recovery system of its own. */
export async function hasLiveRecovery(host: Host): Promise<boolean> {
  return (await host.stat(LIVE_RECOVERY)) !== undefined;
}

/**
 * Takes the recovery system of the live medium as it is, or as an image file if GRUB cannot read its compression: such a
 * recovery system would be missed only on the day when it is needed.
 * @param options.directory mount point of the recovery partition
 */
export async function takeLiveRecovery(
  host: Host,
  { directory, ...slot }: Omit<SlotOptions, 'source' | 'file' | 'label'> & { readonly directory: string },
): Promise<void> {
  if (await grubReads(host, LIVE_RECOVERY)) {
    await host.makeDirectory(`${directory}/cOS`);
    await host.run('cp', [LIVE_RECOVERY, `${directory}/${SLOT_FILE.recoverySquashfs}`]);
    return;
  }
  host.log('warn', 'GRUB cannot read the compression of recovery.squashfs: it is unpacked to an image file');
  const path = `${MOUNT_ROOT}/live-recovery`;
  await using tree = await mount(host, LIVE_RECOVERY, { path, options: ['loop', 'ro'] });
  const source = await admitSource(host, parseSource(`dir:${tree.path}`));
  await makeSlot(host, {
    ...slot,
    source,
    file: `${directory}/${SLOT_FILE.recovery}`,
    label: LABEL.recoverySystem,
  });
}

/** Whether GRUB can read the squashfs in a file. */
export async function grubReads(host: Host, file: string): Promise<boolean> {
  return READ_BY_GRUB.includes((await readAt(host, file, COMPRESSION)).readUInt16LE());
}
