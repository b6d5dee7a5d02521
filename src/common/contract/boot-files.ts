import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { resolveInRoot } from '../files/resolve-in-root.ts';
import { ARCHITECTURES, type Arch } from './architectures.ts';

/** Host paths of what a boot loader needs, found in a root; `undefined` where the image has none. */
export interface BootFiles {
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  readonly grubConfig: string | undefined;
  /** Further menu entries. */
  readonly grubMenu: string | undefined;
  /** Directory with the modules of GRUB for BIOS. */
  readonly biosModules: string | undefined;
  /** Directory with the modules of GRUB for UEFI. */
  readonly efiModules: string | undefined;
  readonly shim: string | undefined;
  /** The MOK manager that shim starts, where it is shipped beside it. */
  readonly mokManager: string | undefined;
  /** Signed GRUB for installed systems, and the variant for live media. */
  readonly grub: string | undefined;
  readonly grubLive: string | undefined;
  readonly fonts: readonly string[];
  /** Directory with what a board's firmware wants on the EFI system partition. */
  readonly boardFiles: string | undefined;
}

/** Where an image keeps what belongs on the EFI system partition of its board, by its path there. */
export const BOARD_FILES = '/usr/lib/kairos/esp';

const VENDORS = ['fedora', 'rocky', 'redhat', 'almalinux', 'centos'];

/** Newer packages of the Red Hat family put what goes to an ESP below here, as `PACKAGE/VERSION/EFI/VENDOR/FILE`. */
const EFI_PAYLOADS = '/usr/lib/efi';
const FONT_DIRECTORIES = ['/usr/share/grub', '/usr/share/grub2', '/boot/grub2/fonts'];

/** Search orders (docs/contract.md 1.4); the names for other architectures differ in one part. */
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
 * Finds the boot files of a root (docs/contract.md 1.4, 6.6).
 * @param arch which architecture's: a root may hold those of several
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

/** The places of a file below {@link EFI_PAYLOADS}; an image has one version. */
async function payloads(root: string, component: string, file: string): Promise<string[]> {
  const directory = await resolveInRoot(root, `${EFI_PAYLOADS}/${component}`);
  const versions = directory === undefined ? [] : (await readdir(directory)).sort().reverse();
  return versions.flatMap((version) =>
    [...VENDORS, 'BOOT'].map((vendor) => `${EFI_PAYLOADS}/${component}/${version}/EFI/${vendor}/${file}`),
  );
}

/** Whether the kernel of `root` was configured with all of `options` (such as `CONFIG_SQUASHFS_ZSTD`), built in or as modules. */
export async function kernelHas(root: string, options: readonly string[]): Promise<boolean> {
  const kernel = await resolveInRoot(root, '/boot/vmlinuz');
  const release = kernel === undefined ? '' : basename(kernel).replace(/^[^-]+-/, '');
  const file =
    (await resolveInRoot(root, `/boot/config-${release}`)) ??
    (await resolveInRoot(root, `/lib/modules/${release}/config`));
  // A kernel that does not tell is given the benefit of the doubt: every distribution kernel of today has them.
  if (file === undefined) return true;
  const text = await readFile(file, 'utf8');
  return options.every((option) => new RegExp(`^${option}=[ym]$`, 'm').test(text));
}
