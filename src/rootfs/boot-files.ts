import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { resolveInRoot } from './resolve-path.ts';

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
}

const VENDORS = ['fedora', 'rocky', 'redhat', 'almalinux', 'centos'];

/** Search orders of the contract (section 1.4), for amd64. */
const SHIM = [
  '/usr/share/efi/x86_64/shim.efi',
  '/usr/lib/shim/shimx64.efi.dualsigned',
  '/usr/lib/shim/shimx64.efi.signed.latest',
  '/usr/lib/shim/shimx64.efi.signed',
  ...VENDORS.map((vendor) => `/boot/efi/EFI/${vendor}/shimx64.efi`),
];
const GRUB = [
  '/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed',
  '/usr/share/efi/x86_64/grub.efi',
  '/usr/share/grub2/x86_64-efi/grub.efi',
  ...VENDORS.map((vendor) => `/boot/efi/EFI/${vendor}/grubx64.efi`),
];
const GRUB_LIVE = [
  '/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed',
  ...VENDORS.map((vendor) => `/boot/efi/EFI/${vendor}/gcdx64.efi`),
  ...GRUB,
];
const MOK_MANAGER = [
  '/usr/lib/shim/mmx64.efi.signed',
  '/usr/lib/shim/mmx64.efi',
  '/usr/share/efi/x86_64/MokManager.efi',
  ...VENDORS.map((vendor) => `/boot/efi/EFI/${vendor}/mmx64.efi`),
];
/** Newer packages of the Red Hat family put what goes to an ESP below here, as `PACKAGE/VERSION/EFI/VENDOR/FILE`. */
const EFI_PAYLOADS = '/usr/lib/efi';
const FONT_DIRECTORIES = ['/usr/share/grub', '/usr/share/grub2', '/boot/grub2/fonts'];
const FONTS = ['ascii', 'euro', 'unicode'];

/** Finds the boot files of a root (contract 1.4, 6.6). */
export async function findBootFiles(root: string): Promise<BootFiles> {
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
    biosModules: await first(['/usr/lib/grub/i386-pc', '/usr/share/grub2/i386-pc']),
    efiModules: await first(['/usr/lib/grub/x86_64-efi', '/usr/share/grub2/x86_64-efi']),
    shim: await first([...SHIM, ...(await payloads(root, 'shim', 'shimx64.efi'))]),
    mokManager: await first([...MOK_MANAGER, ...(await payloads(root, 'shim', 'mmx64.efi'))]),
    grub: await first([...GRUB, ...(await payloads(root, 'grub2', 'grubx64.efi'))]),
    grubLive: await first([
      ...GRUB_LIVE,
      ...(await payloads(root, 'grub2', 'gcdx64.efi')),
      ...(await payloads(root, 'grub2', 'grubx64.efi')),
    ]),
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
