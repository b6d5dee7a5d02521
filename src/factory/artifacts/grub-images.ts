import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ARCHITECTURES, type Arch } from '../../common/contract/architectures.ts';
import {
  BIOS_GRUB_MODULES,
  BOOT_CODE_SIZE,
  CORE_LIMIT,
  efiGrubModules,
  INSTALLED_STUB,
  LIVE_STUB,
  linkBiosImages,
  usableModules,
} from '../../common/contract/boot-loader.ts';
import type { Partition } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { grubMkimage } from '../tools/grub-mkimage.ts';
import type { Runner } from '../tools/runner.ts';

/** The modules of a list that can be had from a directory of the image. */
async function present(directory: string, names: readonly string[]): Promise<string[]> {
  return usableModules(names, await readdir(directory));
}

/** Makes the El Torito image of an ISO for BIOS. */
export async function makeElTorito(
  runner: Runner,
  modules: string,
  scratch: string,
  output: string,
): Promise<void> {
  const config = join(scratch, 'eltorito.cfg');
  await writeFile(config, LIVE_STUB);
  const options = {
    modules,
    names: await present(modules, BIOS_GRUB_MODULES),
    prefix: '/boot/grub2',
    config,
  };
  await grubMkimage(runner, output, { format: 'i386-pc-eltorito', ...options });
}

/** Makes GRUB's unsigned program for UEFI, for images that ship none. */
export async function makeEfiGrub(
  runner: Runner,
  arch: Arch,
  modules: string,
  stub: string,
  scratch: string,
  output: string,
): Promise<void> {
  const config = join(scratch, 'efi.cfg');
  await writeFile(config, stub);
  const options = { modules, names: await present(modules, efiGrubModules(arch)), prefix: '/grub2', config };
  await grubMkimage(runner, output, { format: ARCHITECTURES[arch].efi.platform, ...options });
}

/**
 * Puts GRUB for BIOS on a disk: boot code into the first sector, the core image into the BIOS boot partition, each told
 * where the other is (docs/decisions/0010-grub-without-grub-install.md).
 * @throws FactoryError `step` when the core image is too large
 */
export async function embedBiosGrub(
  runner: Runner,
  disk: string,
  partition: Partition,
  modules: string,
  scratch: string,
): Promise<void> {
  const [config, coreFile] = [join(scratch, 'bios.cfg'), join(scratch, 'core.img')];
  await writeFile(config, INSTALLED_STUB);
  const options = { modules, names: await present(modules, BIOS_GRUB_MODULES), prefix: '/grub2', config };
  await grubMkimage(runner, coreFile, { format: 'i386-pc', ...options });
  const { size } = await stat(coreFile);
  if (size > Math.min(CORE_LIMIT, partition.size)) {
    throw new FactoryError('step', `GRUB's core image has ${size} bytes, more than BIOS can load`, {
      remedy:
        'This is a defect of the list of GRUB modules; report it with the version of GRUB in the image.',
    });
  }
  const images = linkBiosImages(
    await readFile(join(modules, 'boot.img')),
    await readFile(coreFile),
    partition.start,
  );
  const handle = await open(disk, 'r+');
  try {
    await handle.write(images.bootCode, 0, BOOT_CODE_SIZE, 0);
    await handle.write(images.core, 0, images.core.length, partition.start);
  } finally {
    await handle.close();
  }
}
