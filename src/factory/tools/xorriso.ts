import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const XORRISO: HostTool = {
  name: 'xorriso',
  package: 'xorriso',
  purpose: 'writes the ISO',
  version: {
    args: ['-version'],
    pattern: /xorriso version\s*:\s*(\d+(?:\.\d+)*)/,
    range: '>=1.5.0',
    reason: 'older versions cannot list an appended EFI partition in the GPT',
  },
};

/** The content of an ISO, and how it boots. */
export interface IsoImage {
  readonly volume: string;
  /** Unix timestamp of every file and of the filesystem. */
  readonly epoch: number;
  /** Pairs of an absolute path on the ISO and the file or directory to put there; later pairs win. */
  readonly entries: readonly (readonly [path: string, source: string])[];
  /** The path on the ISO of the El Torito image, and the file with the MBR boot code; absent without BIOS boot. */
  readonly bios?: { readonly elTorito: string; readonly catalog: string; readonly bootCode: string };
  /** The EFI system partition image. */
  readonly efi?: string;
}

/**
 * Writes an ISO that boots from CD and, copied to a USB stick, as a disk (docs/contract.md 3.2).
 * Padding is 0 because the backup GPT must end at the end of the file (docs/contract.md 3.2, kairos#3153).
 */
export async function writeIso(runner: Runner, output: string, image: IsoImage): Promise<void> {
  const args = ['-abort_on', 'FAILURE', '-return_with', 'SORRY', '32', '-report_about', 'WARNING'];
  args.push(
    '-outdev',
    `stdio:${output}`,
    '-volid',
    image.volume,
    '-joliet',
    'on',
    '-padding',
    '0',
    '-overwrite',
    'on',
  );
  args.push('-uid', '0', '-gid', '0');
  for (const [path, source] of image.entries) args.push('-map', source, path);
  args.push('-find', '/', '-type', 'd', '-exec', 'chmod', '0755', '--');
  args.push('-find', '/', '-type', 'f', '-exec', 'chmod', 'a+r,go-w', '--');
  args.push('-alter_date_r', 'b', `=${image.epoch}`, '/', '--');
  if (image.bios) {
    args.push(
      '-boot_image',
      'grub',
      `grub2_mbr=${image.bios.bootCode}`,
      '-boot_image',
      'any',
      'partition_offset=16',
    );
    args.push('-boot_image', 'any', 'mbr_force_bootable=on');
    args.push('-boot_image', 'any', `cat_path=${image.bios.catalog}`, '-boot_image', 'any', 'cat_hidden=on');
    args.push(
      '-boot_image',
      'grub',
      `bin_path=${image.bios.elTorito}`,
      '-boot_image',
      'any',
      'platform_id=0x00',
    );
    args.push('-boot_image', 'any', 'emul_type=no_emulation', '-boot_image', 'any', 'load_size=2048');
    args.push('-boot_image', 'any', 'boot_info_table=on', '-boot_image', 'grub', 'grub2_boot_info=on');
    if (image.efi) args.push('-boot_image', 'any', 'next');
  }
  if (image.efi) {
    args.push('-append_partition', '2', '0xef', image.efi, '-boot_image', 'any', 'appended_part_as=gpt');
    args.push('-boot_image', 'any', 'efi_path=--interval:appended_partition_2:all::');
    args.push('-boot_image', 'any', 'platform_id=0xef', '-boot_image', 'any', 'emul_type=no_emulation');
  }
  await runner.run(XORRISO, args, { env: { SOURCE_DATE_EPOCH: String(image.epoch) } });
}

/** Copies all files of an ISO into a directory that does not exist yet. */
export async function extractIso(runner: Runner, file: string, directory: string): Promise<void> {
  await runner.run(XORRISO, ['-osirrox', 'on', '-indev', `stdio:${file}`, '-extract', '/', directory]);
}

/** A file of an ISO, and the position of its content in bytes. */
export interface IsoExtent {
  readonly path: string;
  readonly start: number;
  readonly size: number;
}

/** Locates the content of each file of an ISO (xorriso(1), `report_lba`). */
export async function isoExtents(runner: Runner, file: string): Promise<IsoExtent[]> {
  const args = ['-indev', `stdio:${file}`, '-find', '/', '-type', 'f', '-exec', 'report_lba', '--'];
  const { stdout } = await runner.run(XORRISO, args);
  const line = /^File data lba:\s*\d+\s*,\s*(\d+)\s*,\s*\d+\s*,\s*(\d+)\s*,\s*'(.*)'$/gm;
  return [...stdout.matchAll(line)].map(([, start, size, path = '']) => ({
    path,
    start: Number(start) * 2048,
    size: Number(size),
  }));
}
