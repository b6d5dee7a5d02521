import { ARCHITECTURES, type Arch } from './architectures.ts';
import { LABEL } from './labels.ts';

/**
 * What the menus use; nothing can be loaded later, because the BIOS side ships no module directory
 * (docs/contract.md 2.1).
 */
const COMMON_MODULES = [
  ...[
    'normal',
    'configfile',
    'echo',
    'test',
    'true',
    'regexp',
    'sleep',
    'minicmd',
    'ls',
    'cat',
    'halt',
    'reboot',
  ],
  ...[
    'search',
    'search_label',
    'search_fs_file',
    'search_fs_uuid',
    'part_gpt',
    'part_msdos',
    'loadenv',
    'linux',
  ],
  ...['loopback', 'ext2', 'fat', 'squash4', 'iso9660', 'xzio', 'gzio', 'lzopio', 'probe'],
  ...['all_video', 'font', 'gfxterm', 'serial', 'terminal', 'smbios'],
];

/** GRUB modules of the core image for BIOS. */
export const BIOS_GRUB_MODULES = ['biosdisk', ...COMMON_MODULES] as const;

/** GRUB modules of an unsigned program for UEFI. */
export function efiGrubModules(arch: Arch): readonly string[] {
  return [...COMMON_MODULES, ...ARCHITECTURES[arch].grubModules];
}

/** Modules that some distributions' GRUB lacks, and without which the menus work: they are left out where absent. */
const OPTIONAL_MODULES: ReadonlySet<string> = new Set(['smbios', 'probe', 'lzopio', 'efi_uga']);

/** The modules to build in, given the files of the directory they come from; a needed one that is absent stays, and is missed by `grub-mkimage`. */
export function usableModules(names: readonly string[], files: readonly string[]): string[] {
  return names.filter((name) => !OPTIONAL_MODULES.has(name) || files.includes(`${name}.mod`));
}

/** What the signed programs of a distribution call each other on an EFI system partition. */
export interface SignedNames {
  /** The GRUB that its shim starts. */
  readonly grub: string;
  /** The MOK manager that its shim starts. */
  readonly mokManager: string;
}

/** The directory below `EFI` that is built into a distribution's signed GRUB, where it is not `ID` of its os-release. */
const VENDORS: Readonly<Record<string, string>> = {
  rhel: 'redhat',
  ol: 'redhat',
  'opensuse-leap': 'opensuse',
  'opensuse-tumbleweed': 'opensuse',
  'opensuse-slowroll': 'opensuse',
};

/** The distributions whose shim is built with names of its own (SUSE's shim.spec). */
const SUSE: ReadonlySet<string> = new Set([
  'opensuse-leap',
  'opensuse-tumbleweed',
  'opensuse-slowroll',
  'sles',
  'sled',
]);

/** What a distribution's shim starts (docs/contract.md 1.4), by `ID` of its os-release. */
export function signedNames(osId: string, arch: Arch): SignedNames {
  const { grub, mokManager } = ARCHITECTURES[arch].efi;
  return SUSE.has(osId) ? { grub: 'grub.efi', mokManager: 'MokManager.efi' } : { grub, mokManager };
}

/**
 * The directories below `EFI` into which the signed GRUB of an image may look: a distribution without one of its own, such
 * as Linux Mint, ships that of a relative.
 * @param idLike `ID_LIKE` of its os-release
 */
export function vendorDirectories(osId: string, idLike: string): string[] {
  const ids = [osId, ...idLike.split(/\s+/)].filter(
    (id) => /^[a-z0-9][a-z0-9._-]*$/.test(id) && id !== 'boot',
  );
  return [...new Set(ids.map((id) => (Object.hasOwn(VENDORS, id) ? (VENDORS[id] ?? id) : id)))];
}

/** GRUB modules that the contract wants beside the menu, for a GRUB that lacks them (docs/contract.md 1.4). */
export const MENU_MODULES = ['loopback', 'squash4', 'xzio', 'gzio', 'regexp'];

/** Early commands of an installed system's GRUB: go to the state partition (docs/contract.md 1.4). */
export const INSTALLED_STUB = [
  `search --no-floppy --label ${LABEL.state} --set=root`,
  'set prefix=($root)/grub2',
  '',
].join('\n');

/** Early commands of a live medium's GRUB (docs/contract.md 3.1). */
export const LIVE_STUB = [
  'search --no-floppy --file /boot/kernel --set=root',
  'set prefix=($root)/boot/grub2',
  '',
].join('\n');

/** A GRUB configuration that does the early commands and goes on with the menu. */
export function grubConfig(stub: string): string {
  return `${stub}configfile $prefix/grub.cfg\n`;
}

/** Bytes of a disk's first sector that boot code may take; what follows is the disk's signature and partition table. */
export const BOOT_CODE_SIZE = 0x1b8;
/** Space between the core image's load address and the BIOS area (docs/decisions/0010-grub-without-grub-install.md). */
export const CORE_LIMIT = 480 * 1024;
/** The BIOS partition has room for two core images, so that a new one never overwrites the one in use. */
export const CORE_SLOTS = [0, 512 * 1024] as const;

const SECTOR = 512;

/**
 * Tells GRUB's two images for BIOS where the other is (docs/decisions/0010-grub-without-grub-install.md).
 * @param boot `boot.img`
 * @param core what `grub-mkimage -O i386-pc` made
 * @param start byte of the disk at which the core image will stand
 * @returns copies: the boot code, {@link BOOT_CODE_SIZE} bytes for the start of the disk, and the core image
 */
export function linkBiosImages(
  boot: Uint8Array,
  core: Uint8Array,
  start: number,
): { bootCode: Buffer; core: Buffer } {
  const [bootCode, linked] = [Buffer.from(boot.subarray(0, BOOT_CODE_SIZE)), Buffer.from(core)];
  const sector = start / SECTOR;
  bootCode.writeBigUInt64LE(BigInt(sector), 0x5c);
  // The jump that GRUB's own installer overwrites on hard disks, so that the BIOS's drive number is believed.
  bootCode.writeUInt16LE(0x9090, 0x66);
  linked.writeBigUInt64LE(BigInt(sector + 1), 500);
  linked.writeUInt16LE(Math.ceil(core.length / SECTOR) - 1, 508);
  linked.writeUInt16LE(0x820, 510);
  return { bootCode, core: linked };
}

/** The byte of the disk at which a disk's boot code looks for the core image. */
export function coreImageStart(bootCode: Uint8Array): number {
  return Number(Buffer.from(bootCode).readBigUInt64LE(0x5c)) * SECTOR;
}
