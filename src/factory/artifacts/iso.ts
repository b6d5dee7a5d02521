import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { grubConfig, LIVE_STUB, vendorDirectories } from '../../common/contract/boot-loader.ts';
import { liveConsole } from '../../common/contract/kernel-command-line.ts';
import { LABEL } from '../../common/contract/labels.ts';
import { MIB } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { MAKE_FAT_TOOLS, makeFat } from '../tools/fat.ts';
import { GRUB_MKIMAGE } from '../tools/grub-mkimage.ts';
import { type IsoImage, writeIso, XORRISO } from '../tools/xorriso.ts';
import type { Artifact, ArtifactContext, ArtifactInputs } from './artifact.ts';
import { espEntries } from './esp.ts';
import { makeElTorito } from './grub-images.ts';

/** Path of the live menu below the templates. */
const MENU = 'iso/boot/grub2/grub.cfg';
/** Path on the ISO of the image that BIOS boots. */
const EL_TORITO = '/boot/eltorito.img';
/** The size of the ESP image is a multiple of this (docs/contract.md 3.1). */
const ESP_STEP = 4 * MIB;

/** A path on the ISO and the file or directory to copy to it. */
type IsoEntry = readonly [path: string, source: string];

/** The live medium, for CD or USB drive and for BIOS or UEFI (docs/contract.md 3). */
export const iso: Artifact = {
  kind: 'iso',
  extension: '.iso',
  needs: ['image', 'squashfs', 'boot'],
  tools: [XORRISO, GRUB_MKIMAGE, ...MAKE_FAT_TOOLS],
  inputs: (_spec, digests) => ({ cloudConfig: digests.cloudConfig, overlay: digests.overlayIso }),
  make,
};

async function make(inputs: ArtifactInputs, context: ArtifactContext): Promise<void> {
  const system = await systemEntries(inputs, context.scratch);
  const bios = await biosBoot(inputs, context);
  const esp = await makeEspImage(inputs, context);
  if (!bios && !esp) {
    throw new FactoryError('BOOT_LOADER_UNUSABLE', 'the image has no boot loader for an ISO', {
      remedy: `Install GRUB for BIOS (grub-pc-bin) or for UEFI (shim-signed, grub-efi-${inputs.arch}-signed) in the image.`,
    });
  }
  const entries = [...system, ...(bios?.entries ?? [])];
  if (esp) entries.push(['/boot/uefi.img', esp]);
  const { cloudConfig, overlayIso } = inputs.spec;
  if (cloudConfig) entries.push(['/config.yaml', cloudConfig]);
  // The user's overlay comes last, so that it overrides everything.
  if (overlayIso) entries.push(['/', overlayIso]);
  await writeIso(context.runner, context.output, {
    volume: LABEL.live,
    epoch: inputs.facts.epoch,
    entries,
    ...(bios ? { bios: bios.boot } : {}),
    ...(esp ? { efi: esp } : {}),
  });
}

/** Kernel, initramfs, root filesystem and menus. */
async function systemEntries(inputs: ArtifactInputs, scratch: string): Promise<IsoEntry[]> {
  const menu = join(scratch, 'menu.cfg');
  await writeFile(menu, await liveMenu(inputs));
  const stub = join(scratch, 'stub.cfg');
  await writeFile(stub, grubConfig(LIVE_STUB));
  const network = inputs.optionalFile('boot', 'networkInitrd');
  const vendors = vendorDirectories(inputs.facts.osId, inputs.facts.osLike ?? '');
  return [
    ['/boot/kernel', inputs.file('boot', 'kernel')],
    ['/boot/initrd', inputs.file('boot', 'initrd')],
    // Servers for booting over the network take their files from the ISO.
    ...(network === undefined ? [] : [['/boot/initrd-network', network] as const]),
    ['/rootfs.squashfs', inputs.file('squashfs', 'squashfs')],
    ['/boot/grub2/grub.cfg', menu],
    ['/boot/grub/grub.cfg', stub],
    ['/EFI/BOOT/grub.cfg', stub],
    ...vendors.map((vendor): IsoEntry => [`/EFI/${vendor}/grub.cfg`, stub]),
  ];
}

async function liveMenu({ templates, board, facts }: ArtifactInputs): Promise<string> {
  const template = await readFile(join(templates, MENU), 'utf8');
  return template
    .replaceAll('@CONSOLE@', liveConsole(board))
    .replaceAll('@EXTRA_CMDLINE@', '')
    .replaceAll('@SELINUX@', facts.selinux ?? 'selinux=0');
}

/** Files and boot records for BIOS; nothing when the image has no GRUB for BIOS. */
async function biosBoot(
  inputs: ArtifactInputs,
  { runner, scratch }: ArtifactContext,
): Promise<{ entries: IsoEntry[]; boot: NonNullable<IsoImage['bios']> } | undefined> {
  const modules = inputs.optionalFile('boot', 'biosModules');
  if (modules === undefined) return undefined;
  const image = join(scratch, 'eltorito.img');
  await makeElTorito(image, { runner, modules, scratch });
  const bootCode = join(modules, 'boot_hybrid.img');
  return {
    entries: [
      [EL_TORITO, image],
      ['/boot/boot_hybrid.img', bootCode],
    ],
    boot: { elTorito: EL_TORITO, catalog: '/boot/boot.catalog', bootCode },
  };
}

async function makeEspImage(inputs: ArtifactInputs, context: ArtifactContext): Promise<string | undefined> {
  const { runner, scratch } = context;
  const entries = await espEntries(inputs, context, { grub: 'grubLive', stub: LIVE_STUB });
  if (!entries) return undefined;
  const sizes = await Promise.all(entries.map(async ([, source]) => (await stat(source)).size));
  const content = sizes.reduce((sum, size) => sum + size, 0);
  const size = (Math.floor(content / ESP_STEP) + 1) * ESP_STEP;
  const file = join(scratch, 'uefi.img');
  await writeFile(file, '');
  await truncate(file, size);
  await makeFat(
    runner,
    { file, offset: 0, kib: size / 1024, label: LABEL.efiLive, epoch: inputs.facts.epoch },
    entries,
  );
  return file;
}
