import { open } from 'node:fs/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { writeAt } from '../../common/files/write-at.ts';
import { convertToVmdk, QEMU_IMG } from '../tools/qemu-img.ts';
import type { Artifact } from './artifact.ts';

/** Offsets in the header of a sparse extent, and their unit (VMware, "Virtual Disk Format 5.0", "Hosted Sparse Extents"). */
const HEADER = { size: 512, magic: 0, descriptor: 28, descriptorSize: 36 } as const;
const SECTOR = 512;

/** The file name of the disk in its own descriptor and in an OVA. */
export const VMDK_NAME = 'kairos-disk1.vmdk';

/** The raw disk as a stream-optimized VMDK, the format in which ESXi takes disks in. */
export const vmdk: Artifact = {
  kind: 'vmdk',
  extension: '.vmdk',
  needs: ['artifact:raw', 'checksum:raw'],
  tools: [QEMU_IMG],
  inputs: () => null,
  make: async ({ file, digest }, { runner, output }) => {
    await convertToVmdk(runner, file('artifact:raw', 'artifact'), output);
    await fixDescriptor(output, digest('checksum:raw'));
  },
};

/**
 * Gives the descriptor in a VMDK what qemu-img fills with a random number and with the name of the file that it writes: a content id
 * of 32 bits from a sha256, of which the first is zero because all ones mean "none", and a fixed name.
 * @throws FactoryError `tool` when the file has no such descriptor
 */
export async function fixDescriptor(file: string, sha256: string): Promise<void> {
  await using handle = await open(file, 'r+');
  const header = Buffer.alloc(HEADER.size);
  await handle.read(header, 0, header.length, 0);
  if (header.toString('latin1', HEADER.magic, 4) !== 'KDMV') throw unknownForm(file);
  const start = Number(header.readBigUInt64LE(HEADER.descriptor)) * SECTOR;
  const descriptor = Buffer.alloc(Number(header.readBigUInt64LE(HEADER.descriptorSize)) * SECTOR);
  await handle.read(descriptor, 0, descriptor.length, start);
  const text = descriptor.toString('latin1').replace(/\0+$/, '');
  const id = (Number.parseInt(sha256.slice(0, 8), 16) & 0x7fff_ffff).toString(16).padStart(8, '0');
  const fixed = text
    .replace(/^CID=[0-9a-f]{1,8}$/m, `CID=${id}`)
    .replace(/^(RW \d+ SPARSE) ".*"$/m, `$1 "${VMDK_NAME}"`);
  if (!fixed.includes(`\nCID=${id}\n`) || !fixed.includes(`"${VMDK_NAME}"`)) throw unknownForm(file);
  await writeAt(handle, Buffer.from(fixed.padEnd(descriptor.length, '\0'), 'latin1'), start);
}

function unknownForm(file: string): FactoryError {
  return new FactoryError('TOOL_FAILED', `qemu-img wrote a VMDK of an unknown form: ${file}`, {
    remedy: 'Use another version of qemu-img, and report this with the version.',
  });
}
