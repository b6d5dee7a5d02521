import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BootFiles } from '../../common/contract/boot-files.ts';
import {
  BIOS_GRUB_MODULES,
  BOOT_CODE_SIZE,
  CORE_LIMIT,
  CORE_SLOTS,
  coreImageStart,
  linkBiosImages,
} from '../../common/contract/boot-loader.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { readAt, writeAt } from './block-device.ts';
import { makeGrubImage } from './grub-image.ts';

/** The BIOS boot partition of a disk. */
export interface BiosPlace {
  /** Device of the disk. */
  readonly disk: string;
  /** Device of the partition. */
  readonly device: string;
  /** Bytes from the start of the disk. */
  readonly start: number;
}

/**
 * Writes GRUB's boot code and core image for BIOS, if they differ (docs/contract.md 1.4). After a power cut, the disk boots
 * either the old or the new core image.
 * @returns whether the disk can now boot with BIOS
 * @throws FactoryError `step` when the core image does not fit
 */
export async function placeBios(host: Host, files: BootFiles, bios: BiosPlace | undefined): Promise<boolean> {
  if (bios === undefined || files.biosModules === undefined) return false;
  const core = await makeCoreImage(host, files.biosModules);
  const boot = await readFile(join(files.biosModules, 'boot.img'));
  const current = await readAt(host, bios.disk, { offset: 0, length: BOOT_CODE_SIZE });
  // The core image in use stays until the sector that points to it is rewritten.
  const used = CORE_SLOTS.findIndex((slot) => coreImageStart(current) === bios.start + slot);
  if (used !== -1) {
    const offset = CORE_SLOTS[used] ?? 0;
    const images = linkBiosImages(boot, core, bios.start + offset);
    const written = await readAt(host, bios.device, { offset, length: images.core.length });
    if (written.equals(images.core) && current.equals(images.bootCode)) return true;
  }
  const slot = CORE_SLOTS[used === 0 ? 1 : 0];
  const images = linkBiosImages(boot, core, bios.start + slot);
  await writeAt(host, bios.device, { offset: slot, bytes: images.core });
  await writeAt(host, bios.disk, { offset: 0, bytes: images.bootCode });
  return true;
}

async function makeCoreImage(host: Host, modules: string): Promise<Buffer> {
  const core = await makeGrubImage(host, { modules, format: 'i386-pc', names: BIOS_GRUB_MODULES });
  if (core.length === 0 || core.length > CORE_LIMIT) {
    throw new FactoryError(
      'BOOT_LOADER_UNUSABLE',
      `GRUB's core image has ${core.length} bytes; the limit for BIOS is ${CORE_LIMIT}`,
      {
        remedy: 'Report this with the version of GRUB in the image.',
      },
    );
  }
  return core;
}
