import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ARCHES, ARCHITECTURES, type Arch } from '../../common/contract/architectures.ts';
import { boardFiles } from '../../common/contract/board-files.ts';
import { ASSESSMENT, ASSESSMENT_HOOK, ASSESSMENT_SCRIPT } from '../../common/contract/boot-assessment.ts';
import { type BootFiles, findBootFiles } from '../../common/contract/boot-files.ts';
import {
  BIOS_GRUB_MODULES,
  BOOT_CODE_SIZE,
  CORE_LIMIT,
  CORE_SLOTS,
  coreImageStart,
  efiGrubModules,
  grubConfig,
  INSTALLED_STUB,
  linkBiosImages,
  MENU_MODULES,
  signedNames,
  usableModules,
  vendorDirectories,
} from '../../common/contract/boot-loader.ts';
import { grubEnvironment } from '../../common/contract/grub-environment.ts';
import { parseOsRelease } from '../../common/contract/os-release.ts';
import { GRUB_FILE } from '../../common/contract/partition-files.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { readAt, writeAt } from './block-device.ts';
import { checkpoint } from './mounts.ts';

/** Where the parts of the boot loader of one disk are. */
export interface BootPlaces {
  /** Mounted state partition. */
  readonly state: string;
  /** Mounted EFI system partition; absent on a disk without one. */
  readonly esp?: string;
  /** The disk's BIOS boot partition, for disks that have one. */
  readonly bios?: { readonly disk: string; readonly device: string; readonly start: number };
}

/** Shown by GRUB on a disk whose installation did not come to its end. */
export const INTERRUPTED_MENU = [
  '# Replaced by the menu of the system when the installation has come to its end.',
  'serial --unit=0 --speed=115200',
  'terminal_output --append serial',
  'echo',
  'echo "The installation of this machine was interrupted: there is no system on this disk."',
  'echo "Start the machine from the installation medium once more, and install again."',
  'echo',
  'sleep --interruptible 600',
  'reboot',
  '',
].join('\n');

/**
 * Puts the boot loader of an image on a disk, for BIOS and UEFI, whichever the image has files for; only what differs is
 * written, and each part in a way that a power cut leaves the old one or the new one (docs/contract.md 1.4).
 * @param root where the image's tree is
 * @param menu `interrupted` while the system is not complete yet
 * @throws FactoryError `step` when the image can be booted in neither way
 */
export async function placeBootLoader(
  host: Host,
  root: string,
  places: BootPlaces,
  menu: 'system' | 'interrupted' = 'system',
): Promise<void> {
  const files = await findBootFiles(host.resolve(root), hostArch(host));
  // GRUB without a menu would only wait at its own prompt.
  await placeMenu(host, files, places.state, menu);
  const onBios = await placeBios(host, files, places);
  const onUefi = await placeEsp(host, root, files, places);
  if (!onBios && !onUefi) {
    throw new FactoryError('BOOT_LOADER_UNUSABLE', 'the image has no boot loader for this disk', {
      remedy: 'Use an image with GRUB for BIOS (i386-pc), or with shim and a signed GRUB.',
    });
  }
}

async function placeMenu(
  host: Host,
  files: BootFiles,
  state: string,
  menu: 'system' | 'interrupted',
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

/** @returns whether the disk boots from UEFI by it */
async function placeEsp(host: Host, root: string, files: BootFiles, { esp }: BootPlaces): Promise<boolean> {
  if (esp === undefined) return false;
  const { shim, grub, efiModules } = files;
  const signed = shim !== undefined && grub !== undefined ? { shim, grub } : undefined;
  if (!signed && efiModules === undefined) return false;
  const release = parseOsRelease((await host.readText(`${root}/etc/os-release`)) ?? '');
  const id = release.get('ID') ?? 'linux';
  const arch = hostArch(host);
  const names = signedNames(id, arch);
  const place = (path: string, content: string | Uint8Array) => replace(host, `${esp}/EFI/${path}`, content);
  // What shim starts comes before shim, so that a new shim never finds an old GRUB that it would refuse.
  for (const [path, source] of await boardFiles(files.boardFiles)) {
    await replace(host, `${esp}/${path}`, await readFile(source));
  }
  if (signed) {
    if (files.mokManager) await place(`BOOT/${names.mokManager}`, await readFile(files.mokManager));
    await place(`BOOT/${names.grub}`, await readFile(signed.grub));
  }
  await place('BOOT/grub.cfg', grubConfig(INSTALLED_STUB));
  for (const vendor of vendorDirectories(id, release.get('ID_LIKE') ?? '')) {
    await place(`${vendor}/grub.cfg`, grubConfig(INSTALLED_STUB));
  }
  // A distribution without a shim, such as Alpine, starts an unsigned GRUB, where Secure Boot is off.
  const { efi } = ARCHITECTURES[arch];
  const start = signed
    ? await readFile(signed.shim)
    : await makeGrubImage(host, efiModules ?? '', efi.platform, efiGrubModules(arch));
  await place(`BOOT/${efi.fallback}`, start);
  return true;
}

/** @throws FactoryError `step` on a machine that no image is made for */
function hostArch(host: Host): Arch {
  const found = ARCHES.find((arch) => arch === host.arch);
  if (found !== undefined) return found;
  throw new FactoryError('BOOT_LOADER_UNUSABLE', `there is no boot loader for ${host.arch}`, {
    remedy: `Use a machine of one of: ${ARCHES.join(', ')}.`,
  });
}

/** @returns whether the disk boots from BIOS by it */
async function placeBios(host: Host, files: BootFiles, { bios }: BootPlaces): Promise<boolean> {
  if (bios === undefined || files.biosModules === undefined) return false;
  const core = await makeCoreImage(host, files.biosModules);
  const boot = await readFile(join(files.biosModules, 'boot.img'));
  const current = await readAt(host, bios.disk, 0, BOOT_CODE_SIZE);
  // The core image that the disk boots by stays until the one sector that points at it is written anew.
  const used = CORE_SLOTS.findIndex((slot) => coreImageStart(current) === bios.start + slot);
  if (used !== -1) {
    const images = linkBiosImages(boot, core, bios.start + (CORE_SLOTS[used] ?? 0));
    const written = await readAt(host, bios.device, CORE_SLOTS[used] ?? 0, images.core.length);
    if (written.equals(images.core) && current.equals(images.bootCode)) return true;
  }
  const slot = CORE_SLOTS[used === 0 ? 1 : 0];
  const images = linkBiosImages(boot, core, bios.start + slot);
  await writeAt(host, bios.device, slot, images.core);
  await writeAt(host, bios.disk, 0, images.bootCode);
  return true;
}

async function makeCoreImage(host: Host, modules: string): Promise<Buffer> {
  const core = await makeGrubImage(host, modules, 'i386-pc', BIOS_GRUB_MODULES);
  if (core.length === 0 || core.length > CORE_LIMIT) {
    throw new FactoryError(
      'BOOT_LOADER_UNUSABLE',
      `GRUB's core image has ${core.length} bytes; BIOS loads ${CORE_LIMIT}`,
      {
        remedy: 'Report it with the version of GRUB in the image.',
      },
    );
  }
  return core;
}

/** Runs the `grub-mkimage` of this system on modules of an image. */
async function makeGrubImage(
  host: Host,
  modules: string,
  format: string,
  names: readonly string[],
): Promise<Buffer> {
  const program = (await host.has('grub-mkimage')) ? 'grub-mkimage' : 'grub2-mkimage';
  const scratch = await host.temporary('kairos-grub-');
  try {
    const [config, output] = [`${scratch}/early.cfg`, `${scratch}/core.img`];
    await host.write(config, INSTALLED_STUB);
    const target = ['-O', format, '-d', modules, '-p', `/${GRUB_FILE.directory}`];
    const files = ['-c', host.resolve(config), '-o', host.resolve(output)];
    await host.run(program, [...target, ...files, ...usableModules(names, await readdir(modules))]);
    return Buffer.from((await host.readBytes(output)) ?? []);
  } finally {
    await host.remove(scratch);
  }
}

/** Writes a file unless it has that content already. */
async function replace(host: Host, path: string, content: string | Uint8Array): Promise<void> {
  const current = await host.readBytes(path);
  if (current !== undefined && Buffer.from(content).equals(current)) return;
  await host.write(path, content);
}
