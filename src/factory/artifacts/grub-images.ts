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
import { GRUB_FILE } from '../../common/contract/partition-files.ts';
import type { Partition } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { grubMkimage } from '../tools/grub-mkimage.ts';
import type { Runner } from '../tools/runner.ts';

/** The tools and directories for building a GRUB image. */
export interface GrubSources {
  readonly runner: Runner;
  /** Directory of GRUB's modules for the platform. */
  readonly modules: string;
  /** Directory for temporary files. */
  readonly scratch: string;
}

/** A GRUB image to build. */
interface GrubImage {
  readonly format: Parameters<typeof grubMkimage>[2]['format'];
  /** Modules to build in, including optional ones. */
  readonly names: readonly string[];
  readonly prefix: string;
  /** Embedded configuration, which runs first. */
  readonly stub: string;
}

async function makeImage(
  output: string,
  { stub, names, ...image }: GrubImage,
  { runner, modules, scratch }: GrubSources,
): Promise<void> {
  const config = join(scratch, `${image.format}.cfg`);
  await writeFile(config, stub);
  const present = usableModules(names, await readdir(modules));
  await grubMkimage(runner, output, { ...image, modules, names: present, config });
}

/** Builds the El Torito image that BIOS boots from an ISO. @throws FactoryError `step` when grub-mkimage fails */
export async function makeElTorito(output: string, sources: GrubSources): Promise<void> {
  const format = 'i386-pc-eltorito';
  const image = { format, names: BIOS_GRUB_MODULES, prefix: '/boot/grub2', stub: LIVE_STUB } as const;
  await makeImage(output, image, sources);
}

/**
 * Builds an unsigned GRUB for UEFI, for images without a signed one.
 * @param program.stub GRUB commands that find the medium
 * @throws FactoryError `step` when grub-mkimage fails
 */
export async function makeEfiGrub(
  output: string,
  { arch, stub }: { readonly arch: Arch; readonly stub: string },
  sources: GrubSources,
): Promise<void> {
  const format = ARCHITECTURES[arch].efi.platform;
  await makeImage(
    output,
    { format, names: efiGrubModules(arch), prefix: `/${GRUB_FILE.directory}`, stub },
    sources,
  );
}

/**
 * Installs GRUB for BIOS on a disk: the boot code goes into the first sector, the core image into the BIOS boot
 * partition, each with the location of the next (docs/decisions/0010-grub-without-grub-install.md).
 * @throws FactoryError `step` when the core image is too large
 */
export async function embedBiosGrub(disk: string, partition: Partition, sources: GrubSources): Promise<void> {
  const coreFile = join(sources.scratch, 'core.img');
  const image = {
    format: 'i386-pc',
    names: BIOS_GRUB_MODULES,
    prefix: `/${GRUB_FILE.directory}`,
    stub: INSTALLED_STUB,
  } as const;
  await makeImage(coreFile, image, sources);
  const { size } = await stat(coreFile);
  if (size > Math.min(CORE_LIMIT, partition.size)) {
    throw new FactoryError(
      'BOOT_LOADER_UNUSABLE',
      `GRUB's core image of ${size} bytes is larger than BIOS can load`,
      {
        remedy:
          'This is a defect in the list of GRUB modules; report it with the version of GRUB in the image.',
      },
    );
  }
  const images = linkBiosImages(
    await readFile(join(sources.modules, 'boot.img')),
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
