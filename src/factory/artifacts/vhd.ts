import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { MIB } from '../../common/contract/partitions.ts';
import { uuidFromSeed } from '../../common/contract/uuid.ts';
import { writeAt } from '../../common/files/write-at.ts';
import { QEMU_IMG } from '../tools/qemu-img.ts';
import type { Artifact, ArtifactContext, ArtifactInputs } from './artifact.ts';
import { diskContent, hashZeros } from './disk-content.ts';
import { vhdFooter } from './vhd-footer.ts';

/**
 * The raw disk as a fixed VHD for Azure, which accepts neither VHDX nor a disk whose size is not a multiple of 1 MiB (Microsoft
 * Learn, "Prepare a Windows VHD or VHDX to upload to Azure"). Its name is that of upstream's.
 */
export const vhd: Artifact = {
  kind: 'vhd',
  extension: '.raw.vhd',
  needs: ['artifact:raw'],
  tools: [QEMU_IMG],
  inputs: () => null,
  make,
};

async function make({ file, facts }: ArtifactInputs, context: ArtifactContext): Promise<void> {
  const raw = file('artifact:raw', 'artifact');
  const size = Math.ceil((await stat(raw)).size / MIB) * MIB;
  const hash = createHash('sha256');
  await using disk = await open(context.output, 'w');
  let position = 0;
  for await (const { offset, bytes } of diskContent(raw, context)) {
    hashZeros(hash, offset - position);
    hash.update(bytes);
    await writeAt(disk, bytes, offset);
    position = offset + bytes.length;
  }
  hashZeros(hash, size - position);
  const uuid = uuidFromSeed(`vhd ${hash.copy().digest('hex')}`);
  const footer = vhdFooter({ size, uuid, epoch: facts.epoch });
  await writeAt(disk, footer, size);
  context.hashed(hash.update(footer).digest('hex'));
}
