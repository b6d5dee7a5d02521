import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { resolveInRoot } from '../files/resolve-in-root.ts';
import { ARCHITECTURES, type Arch } from './architectures.ts';
import { kernelConfigPlaces } from './kernel-config.ts';

/** Host paths of the boot files in a root; `undefined` for those that the image lacks. */
export interface BootFiles {
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  /** What a boot over the network reads after it. */
  readonly networkInitrd: string | undefined;
  readonly grubConfig: string | undefined;
  /** Further menu entries. */
  readonly grubMenu: string | undefined;
  /** Directory with the modules of GRUB for BIOS. */
  readonly biosModules: string | undefined;
  /** Directory with the modules of GRUB for UEFI. */
  readonly efiModules: string | undefined;
  readonly shim: string | undefined;
  /** The MOK manager that shim starts, if it is shipped with it. */
  readonly mokManager: string | undefined;
  /** Signed GRUB for installed systems; `grubLive` is the variant for live media. */
  readonly grub: string | undefined;
  readonly grubLive: string | undefined;
  readonly fonts: readonly string[];
  /** Directory of the files that a board's firmware needs on the EFI system partition. */
  readonly boardFiles: string | undefined;
}

/** Directory in an image for the files of its board's EFI system partition, laid out as on the partition. */
export const BOARD_FILES = '/usr/lib/kairos/esp';

const VENDORS = ['fedora', 'rocky', 'redhat', 'almalinux', 'centos'];

/** Newer packages of the Red Hat family put ESP files below this, as `PACKAGE/VERSION/EFI/VENDOR/FILE`. */
const EFI_PAYLOADS = '/usr/lib/efi';
const FONT_DIRECTORIES = ['/usr/share/grub', '/usr/share/grub2', '/boot/grub2/fonts'];

/** Search orders of the boot files (docs/contract.md 1.4); between architectures, only parts of the names differ. */
function searchOrders(arch: Arch) {
  const { machine, efi } = ARCHITECTURES[arch];
  const { suffix, platform } = efi;
  const vendor = (file: string) => VENDORS.map((name) => `/boot/efi/EFI/${name}/${file}`);
  const signed = `/usr/lib/grub/${platform}-signed`;
  const grub = [
    `${signed}/grub${suffix}.efi.signed`,
    `/usr/share/efi/${machine}/grub.efi`,
    `/usr/share/grub2/${platform}/grub.efi`,
    ...vendor(`grub${suffix}.efi`),
  ];
  return {
    shim: [
      `/usr/share/efi/${machine}/shim.efi`,
      ...['dualsigned', 'signed.latest', 'signed'].map((form) => `/usr/lib/shim/shim${suffix}.efi.${form}`),
      ...vendor(`shim${suffix}.efi`),
    ],
    grub,
    grubLive: [`${signed}/gcd${suffix}.efi.signed`, ...vendor(`gcd${suffix}.efi`), ...grub],
    mokManager: [
      `/usr/lib/shim/mm${suffix}.efi.signed`,
      `/usr/lib/shim/mm${suffix}.efi`,
      `/usr/share/efi/${machine}/MokManager.efi`,
      ...vendor(`mm${suffix}.efi`),
    ],
    modules: [`/usr/lib/grub/${platform}`, `/usr/share/grub2/${platform}`],
  };
}
const FONTS = ['ascii', 'euro', 'unicode'];

/**
 * Finds the boot files in a root (docs/contract.md 1.4, 6.6).
 * @param arch the architecture to search for, as a root may have the files of several
 */
export async function findBootFiles(root: string, arch: Arch): Promise<BootFiles> {
  const orders = searchOrders(arch);
  const { suffix } = ARCHITECTURES[arch].efi;
  const first = async (paths: readonly string[]) => {
    for (const path of paths) {
      const found = await resolveInRoot(root, path);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const fonts = await Promise.all(
    FONTS.map((font) => first(FONT_DIRECTORIES.map((directory) => `${directory}/${font}.pf2`))),
  );
  return {
    kernel: await first(['/boot/vmlinuz']),
    initrd: await first(['/boot/initrd']),
    networkInitrd: await first(['/boot/initrd-network']),
    grubConfig: await first(['/etc/cos/grub.cfg']),
    grubMenu: await first(['/etc/kairos/branding/grubmenu.cfg']),
    biosModules: ARCHITECTURES[arch].bios
      ? await first(['/usr/lib/grub/i386-pc', '/usr/share/grub2/i386-pc'])
      : undefined,
    efiModules: await first(orders.modules),
    shim: await first([...orders.shim, ...(await payloads(root, 'shim', `shim${suffix}.efi`))]),
    mokManager: await first([...orders.mokManager, ...(await payloads(root, 'shim', `mm${suffix}.efi`))]),
    grub: await first([...orders.grub, ...(await payloads(root, 'grub2', `grub${suffix}.efi`))]),
    grubLive: await first([
      ...orders.grubLive,
      ...(await payloads(root, 'grub2', `gcd${suffix}.efi`)),
      ...(await payloads(root, 'grub2', `grub${suffix}.efi`)),
    ]),
    boardFiles: await first([BOARD_FILES]),
    fonts: fonts.filter((font) => font !== undefined),
  };
}

/** Possible paths of a file below {@link EFI_PAYLOADS}, newest version first. */
async function payloads(root: string, component: string, file: string): Promise<string[]> {
  const directory = await resolveInRoot(root, `${EFI_PAYLOADS}/${component}`);
  const versions = directory === undefined ? [] : (await readdir(directory)).sort().reverse();
  return versions.flatMap((version) =>
    [...VENDORS, 'BOOT'].map((vendor) => `${EFI_PAYLOADS}/${component}/${version}/EFI/${vendor}/${file}`),
  );
}

/** Those of `options` (such as `CONFIG_SQUASHFS_ZSTD`) that the kernel of `root` has neither built in nor as modules. */
export async function lackingKernelOptions(root: string, options: readonly string[]): Promise<string[]> {
  const kernel = await resolveInRoot(root, '/boot/vmlinuz');
  for (const place of kernel === undefined ? [] : kernelConfigPlaces(kernelVersion(kernel))) {
    const file = await resolveInRoot(root, place);
    if (file === undefined) continue;
    const text = await readFile(file, 'utf8');
    return options.filter((option) => !new RegExp(`^${option}=[ym]$`, 'm').test(text));
  }
  // Without a configuration file the options are assumed: every current distribution kernel has them.
  return [];
}

/** The version of a kernel file: /boot/vmlinuz-6.1.0, or /usr/lib/modules/6.1.0/vmlinuz where packages keep it there. */
function kernelVersion(file: string): string {
  const beside = basename(dirname(dirname(file))) === 'modules';
  return beside ? basename(dirname(file)) : basename(file).replace(/^[^-]+-/, '');
}
