import { type ByteView, partOf } from './byte-view.ts';
import { isQcow2, openQcow2 } from './qcow2.ts';

/** How a file stores a disk. */
type DiskStorage = 'raw' | 'qcow2' | 'vhd';

const VHD_FOOTER = 512;

/**
 * The disk in a file, or the file itself if it is not of a format for disks.
 * @param head the first bytes of the file
 * @throws FactoryError as {@link openQcow2} does
 */
export async function openDisk(
  file: ByteView,
  head: Buffer,
): Promise<{ readonly disk: ByteView; readonly format: DiskStorage }> {
  if (isQcow2(head)) return { disk: await openQcow2(file), format: 'qcow2' };
  const vhd = await fixedVhd(file);
  return vhd === undefined ? { disk: file, format: 'raw' } : { disk: vhd, format: 'vhd' };
}

/** A VHD of a fixed size is the disk and a footer (Microsoft, "Virtual Hard Disk Image Format"). */
async function fixedVhd(file: ByteView): Promise<ByteView | undefined> {
  const size = file.size - VHD_FOOTER;
  if (size <= 0 || (await file.read(size, 8)).toString('latin1') !== 'conectix') return undefined;
  return partOf(file, { name: file.name, start: 0, size });
}
