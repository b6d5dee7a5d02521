import { createHash } from 'node:crypto';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from '../support/tool.ts';

const MIB = 1024 * 1024;
const EXT = ['oem', 'recovery', 'state', 'persistent'] as const;

/** A disk with the labels of an installation. */
export interface OtherDisk {
  /** Attaches it as /dev/sda. As the first device, every list of disks has it before /dev/vda. */
  readonly arguments: readonly string[];
  /** Digest of its bytes. */
  readonly digest: () => Promise<string>;
}

/** Makes a disk whose partitions have the labels of a system, and configurations that a machine of another disk must not use. */
export async function makeOtherDisk(directory: string): Promise<OtherDisk> {
  const file = join(directory, 'other.raw');
  const tree = join(directory, 'other');
  const files = {
    'oem/99_other.yaml': '#cloud-config\nstages: {boot: [{commands: [touch /run/other-disk]}]}\n',
    'state/grub2/grub.cfg': 'echo THE OTHER DISK\nsleep 600\n',
    'recovery/other': '',
    'persistent/other': '',
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(tree, path, '..'), { recursive: true });
    await writeFile(join(tree, path), content);
  }
  await writeFile(file, '');
  await truncate(file, 104 * MIB);
  const partitions = ['efi', ...EXT];
  const sizes = partitions.flatMap((name, index) => [
    `--new=${index + 1}:${1 + index * 20}M:+20M`,
    `--change-name=${index + 1}:${name}`,
  ]);
  await tool('sgdisk', ...sizes, file);
  await tool('mkfs.vfat', '-n', 'COS_GRUB', '--offset', String(MIB / 512), file, String(20 * 1024));
  for (const [index, name] of EXT.entries()) {
    const place = ['-E', `offset=${(21 + index * 20) * MIB}`, '-d', join(tree, name)];
    await tool(
      'mke2fs',
      '-q',
      '-F',
      '-t',
      'ext4',
      '-L',
      `COS_${name.toUpperCase()}`,
      ...place,
      file,
      '20480k',
    );
  }
  return {
    arguments: [
      ...['-drive', `if=none,id=other,format=raw,file=${file}`],
      ...['-device', 'virtio-scsi-pci,id=scsi-other', '-device', 'scsi-hd,drive=other,bus=scsi-other.0'],
    ],
    digest: async () =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
  };
}
