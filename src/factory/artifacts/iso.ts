import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { grubConfig, LIVE_STUB, vendorDirectories } from '../../common/contract/boot-loader.ts';
import { liveConsole } from '../../common/contract/kernel-command-line.ts';
import { LABEL } from '../../common/contract/labels.ts';
import { MIB } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { MCOPY, MKFS_FAT, makeFat } from '../tools/fat.ts';
import { GRUB_MKIMAGE } from '../tools/grub-mkimage.ts';
import { writeIso, XORRISO } from '../tools/xorriso.ts';
import type { Artifact, ArtifactContext, ArtifactInputs } from './artifact.ts';
import { espEntries } from './esp.ts';
import { makeElTorito } from './grub-images.ts';

/** Path of the live menu below the templates. */
const MENU = 'iso/boot/grub2/grub.cfg';
/** The ESP image grows in these steps (docs/contract.md 3.1). */
const ESP_STEP = 4 * MIB;

/** The live medium: CD or stick, BIOS or UEFI (docs/contract.md 3). */
export const iso: Artifact = {
  kind: 'iso',
  extension: '.iso',
  needs: ['image', 'squashfs', 'boot'],
  tools: [XORRISO, GRUB_MKIMAGE, MKFS_FAT, MCOPY],
  inputs: (_spec, digests) => ({ cloudConfig: digests.cloudConfig, overlay: digests.overlayIso }),
  make,
};

async function make(inputs: ArtifactInputs, context: ArtifactContext): Promise<void> {
  const { runner, scratch, output } = context;
  const { epoch } = inputs.facts;
  const write = async (name: string, text: string) => {
    const file = join(scratch, name);
    await writeFile(file, text);
    return file;
  };
  const template = await readFile(join(inputs.templates, MENU), 'utf8');
  const menu = template
    .replaceAll('@CONSOLE@', liveConsole(inputs.board))
    .replaceAll('@EXTRA_CMDLINE@', '')
    .replaceAll('@SELINUX@', inputs.facts.selinux ?? 'selinux=0');
  const stub = await write('stub.cfg', grubConfig(LIVE_STUB));
  const entries: [string, string][] = [
    ['/boot/kernel', inputs.file('boot', 'kernel')],
    ['/boot/initrd', inputs.file('boot', 'initrd')],
    ['/rootfs.squashfs', inputs.file('squashfs', 'squashfs')],
    ['/boot/grub2/grub.cfg', await write('menu.cfg', menu)],
    ['/boot/grub/grub.cfg', stub],
    ['/EFI/BOOT/grub.cfg', stub],
    ...vendorDirectories(inputs.facts.osId, inputs.facts.osLike ?? '').map((vendor): [string, string] => [
      `/EFI/${vendor}/grub.cfg`,
      stub,
    ]),
  ];

  const biosModules = inputs.optionalFile('boot', 'biosModules');
  const elTorito = join(scratch, 'eltorito.img');
  if (biosModules) {
    await makeElTorito(runner, biosModules, scratch, elTorito);
    entries.push(
      ['/boot/eltorito.img', elTorito],
      ['/boot/boot_hybrid.img', join(biosModules, 'boot_hybrid.img')],
    );
  }
  const esp = await makeEspImage(inputs, context);
  if (esp) entries.push(['/boot/uefi.img', esp]);
  if (!biosModules && !esp) {
    throw new FactoryError('step', 'the image has nothing to boot an ISO with', {
      remedy: `Install GRUB for BIOS (grub-pc-bin) or for UEFI (shim-signed, grub-efi-${inputs.arch}-signed) in the image.`,
    });
  }
  if (inputs.spec.cloudConfig) entries.push(['/config.yaml', inputs.spec.cloudConfig]);
  if (inputs.spec.overlayIso) entries.push(['/', inputs.spec.overlayIso]);
  await writeIso(runner, output, {
    volume: LABEL.live,
    epoch,
    entries,
    ...(biosModules
      ? {
          bios: {
            elTorito: '/boot/eltorito.img',
            catalog: '/boot/boot.catalog',
            bootCode: join(biosModules, 'boot_hybrid.img'),
          },
        }
      : {}),
    ...(esp ? { efi: esp } : {}),
  });
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
