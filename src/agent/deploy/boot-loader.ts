import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ARCHES, ARCHITECTURES, type Arch } from '../../common/contract/architectures.ts';
import { boardFiles } from '../../common/contract/board-files.ts';
import { ASSESSMENT, ASSESSMENT_HOOK, ASSESSMENT_SCRIPT } from '../../common/contract/boot-assessment.ts';
import { type BootFiles, findBootFiles } from '../../common/contract/boot-files.ts';
import {
  efiGrubModules,
  grubConfig,
  INSTALLED_STUB,
  MENU_MODULES,
  signedNames,
  vendorDirectories,
} from '../../common/contract/boot-loader.ts';
import { grubEnvironment } from '../../common/contract/grub-environment.ts';
import { GRUB_FILE } from '../../common/contract/partition-files.ts';
import { bootLoaderOrigin } from '../../common/contract/root-names.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { type BiosPlace, placeBios } from './bios-boot.ts';
import { makeGrubImage } from './grub-image.ts';
import { checkpoint } from './mounts.ts';

/** The partitions that hold the boot loader of a disk. */
export interface BootPlaces {
  /** Mount point of the state partition. */
  readonly state: string;
  /** Mount point of the EFI system partition; absent on a disk without one. */
  readonly esp?: string;
  /** The BIOS boot partition; absent on a disk without one. */
  readonly bios?: BiosPlace;
}

/** What to put on the disk, and where. */
export interface BootLoaderOptions extends BootPlaces {
  /** `interrupted` while the system is incomplete. Default: `system`. */
  readonly menu?: 'system' | 'interrupted';
}

/** The tree of an image, and the boot files found in it. */
interface BootImage {
  readonly root: string;
  readonly files: BootFiles;
}

/** The GRUB menu of a disk whose installation is incomplete. */
export const INTERRUPTED_MENU = [
  '# The menu of the system replaces this one when the installation is complete.',
  'serial --unit=0 --speed=115200',
  'terminal_output --append serial',
  'echo',
  'echo "The installation of this machine was interrupted: there is no system on this disk."',
  'echo "Boot from the installation medium and install again."',
  'echo',
  'sleep --interruptible 600',
  'reboot',
  '',
].join('\n');

/**
 * Puts the boot loader of an image on a disk, for BIOS, UEFI or both, depending on the files in the image. It writes only
 * files that differ; after a power cut, each part is either the old or the new one (docs/contract.md 1.4).
 * @param root the tree of the image
 * @throws FactoryError `step` when the image supports neither BIOS nor UEFI on this disk
 */
export async function placeBootLoader(host: Host, root: string, options: BootLoaderOptions): Promise<void> {
  const files = await findBootFiles(host.resolve(root), hostArch(host));
  // The menu comes first: without one, GRUB stops at its prompt.
  await placeMenu(host, files, options);
  const onBios = await placeBios(host, files, options.bios);
  const onUefi = await placeEsp(host, { root, files }, options);
  if (!onBios && !onUefi) {
    throw new FactoryError('BOOT_LOADER_UNUSABLE', 'the image has no boot loader that fits this disk', {
      remedy: 'Use an image with GRUB for BIOS (i386-pc), or with shim and a signed GRUB.',
    });
  }
}

async function placeMenu(
  host: Host,
  files: BootFiles,
  { state, menu = 'system' }: BootLoaderOptions,
): Promise<void> {
  const copy = async (source: string | undefined, path: string) => {
    if (source !== undefined) await replace(host, `${state}/${path}`, await readFile(source));
  };
  for (const font of files.fonts) await copy(font, `${GRUB_FILE.fonts}/${basename(font)}`);
  for (const name of files.efiModules ? MENU_MODULES : []) {
    await copy(
      join(files.efiModules ?? '', `${name}.mod`),
      `${GRUB_FILE.directory}/${ARCHITECTURES[hostArch(host)].efi.platform}/${name}.mod`,
    );
  }
  await copy(files.grubMenu, GRUB_FILE.branding);
  await replace(host, state + ASSESSMENT.hook, ASSESSMENT_HOOK);
  await replace(host, state + ASSESSMENT.script, ASSESSMENT_SCRIPT);
  if ((await host.stat(state + ASSESSMENT.environment))?.size !== grubEnvironment({}).length) {
    await host.write(state + ASSESSMENT.environment, grubEnvironment({}));
  }
  if (menu === 'interrupted') await host.write(`${state}/${GRUB_FILE.menu}`, INTERRUPTED_MENU);
  else await copy(files.grubConfig, GRUB_FILE.menu);
  await checkpoint(host, state);
}

/** @returns whether the disk can now boot with UEFI */
async function placeEsp(host: Host, { root, files }: BootImage, { esp }: BootPlaces): Promise<boolean> {
  if (esp === undefined) return false;
  const { shim, grub, efiModules } = files;
  const signed = shim !== undefined && grub !== undefined ? { shim, grub } : undefined;
  if (!signed && efiModules === undefined) return false;
  const { osId, osLike } = await bootLoaderOrigin(host.resolve(root));
  const arch = hostArch(host);
  const names = signedNames(osId, arch);
  const place = (path: string, content: string | Uint8Array) => replace(host, `${esp}/EFI/${path}`, content);
  // GRUB is written before shim, so that a new shim never finds an old GRUB that it would reject.
  for (const [path, source] of await boardFiles(files.boardFiles)) {
    await replace(host, `${esp}/${path}`, await readFile(source));
  }
  if (signed) {
    if (files.mokManager) await place(`BOOT/${names.mokManager}`, await readFile(files.mokManager));
    await place(`BOOT/${names.grub}`, await readFile(signed.grub));
  }
  await place('BOOT/grub.cfg', grubConfig(INSTALLED_STUB));
  for (const vendor of vendorDirectories(osId, osLike)) {
    await place(`${vendor}/grub.cfg`, grubConfig(INSTALLED_STUB));
  }
  // A distribution without shim, such as Alpine, boots an unsigned GRUB, which requires Secure Boot to be off.
  const { efi } = ARCHITECTURES[arch];
  const start = signed
    ? await readFile(signed.shim)
    : await makeGrubImage(host, {
        modules: efiModules ?? '',
        format: efi.platform,
        names: efiGrubModules(arch),
      });
  await place(`BOOT/${efi.fallback}`, start);
  return true;
}

/** @throws FactoryError `step` on an unsupported architecture */
function hostArch(host: Host): Arch {
  const found = ARCHES.find((arch) => arch === host.arch);
  if (found !== undefined) return found;
  throw new FactoryError('BOOT_LOADER_UNUSABLE', `the architecture ${host.arch} has no boot loader`, {
    remedy: `Supported architectures: ${ARCHES.join(', ')}.`,
  });
}

/** Writes a file unless it already has this content. */
async function replace(host: Host, path: string, content: string | Uint8Array): Promise<void> {
  const current = await host.readBytes(path);
  if (current !== undefined && Buffer.from(content).equals(current)) return;
  await host.write(path, content);
}
