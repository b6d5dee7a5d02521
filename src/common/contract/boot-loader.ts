import { ARCHITECTURES, type Arch } from './architectures.ts';
import { LABEL } from './labels.ts';

/**
 * Modules that the menus use. All are built in, because there is no module directory to load them from on BIOS
 * machines (docs/contract.md 2.1).
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

/** GRUB modules in the core image for BIOS. */
export const BIOS_GRUB_MODULES = ['biosdisk', ...COMMON_MODULES] as const;

/** Returns the GRUB modules in an unsigned program for UEFI. */
export function efiGrubModules(arch: Arch): readonly string[] {
  return [...COMMON_MODULES, ...ARCHITECTURES[arch].grubModules];
}

/** Modules that some distributions' GRUB lacks. The menus work without them, so they are omitted if absent. */
const OPTIONAL_MODULES: ReadonlySet<string> = new Set(['smbios', 'probe', 'lzopio', 'efi_uga']);

/**
 * Returns the modules to build in: all but the optional ones that are missing from the module directory. Missing required
 * modules stay in the list, so that `grub-mkimage` fails.
 * @param files names of the files in the module directory
 */
export function usableModules(names: readonly string[], files: readonly string[]): string[] {
  return names.filter((name) => !OPTIONAL_MODULES.has(name) || files.includes(`${name}.mod`));
}

/** The names under which a distribution's signed programs load each other from an EFI system partition. */
export interface SignedNames {
  /** The GRUB that its shim starts. */
  readonly grub: string;
  /** The MOK manager that its shim starts. */
  readonly mokManager: string;
}

/** The directory below `EFI` that is built into a distribution's signed GRUB, if it differs from the os-release `ID`. */
const VENDORS: Readonly<Record<string, string>> = {
  rhel: 'redhat',
  ol: 'redhat',
  'opensuse-leap': 'opensuse',
  'opensuse-tumbleweed': 'opensuse',
  'opensuse-slowroll': 'opensuse',
};

/** Distributions whose shim has its own program names built in (SUSE's shim.spec). */
const SUSE: ReadonlySet<string> = new Set([
  'opensuse-leap',
  'opensuse-tumbleweed',
  'opensuse-slowroll',
  'sles',
  'sled',
]);

/** Returns the programs that a distribution's shim starts (docs/contract.md 1.4), by its os-release `ID`. */
export function signedNames(osId: string, arch: Arch): SignedNames {
  const { grub, mokManager } = ARCHITECTURES[arch].efi;
  return SUSE.has(osId) ? { grub: 'grub.efi', mokManager: 'MokManager.efi' } : { grub, mokManager };
}

/**
 * Returns the directories below `EFI` in which an image's signed GRUB may look for its configuration: a distribution
 * without its own GRUB, such as Linux Mint, ships that of a related distribution.
 * @param idLike `ID_LIKE` in its os-release
 */
export function vendorDirectories(osId: string, idLike: string): string[] {
  const ids = [osId, ...idLike.split(/\s+/)].filter(
    (id) => /^[a-z0-9][a-z0-9._-]*$/.test(id) && id !== 'boot',
  );
  return [...new Set(ids.map((id) => (Object.hasOwn(VENDORS, id) ? (VENDORS[id] ?? id) : id)))];
}

/** GRUB modules that the contract requires next to the menu, for a GRUB that lacks them (docs/contract.md 1.4). */
export const MENU_MODULES = ['loopback', 'squash4', 'xzio', 'gzio', 'regexp'];

/**
 * First commands of an installed system's GRUB: switch to the state partition of the disk that GRUB was loaded from, or else to
 * the first one that is found (docs/contract.md 1.4, 2.9). GRUB runs them without its script language: no conditions here.
 */
export const INSTALLED_STUB = [
  "regexp --set=1:boot_disk '^([^,]*)' $root",
  `search --no-floppy --label --set=root --hint=$boot_disk, ${LABEL.state}`,
  'set prefix=($root)/grub2',
  '',
].join('\n');

/** First commands of a live medium's GRUB (docs/contract.md 3.1). */
export const LIVE_STUB = [
  'search --no-floppy --file /boot/kernel --set=root',
  'set prefix=($root)/boot/grub2',
  '',
].join('\n');

/** Returns a GRUB configuration that runs the first commands and then loads the menu. */
export function grubConfig(stub: string): string {
  return `${stub}configfile $prefix/grub.cfg\n`;
}

/** Bytes of boot code in a disk's first sector; the disk's signature and partition table follow. */
export const BOOT_CODE_SIZE = 0x1b8;
/** Bytes between the core image's load address and the BIOS area (docs/decisions/0010-grub-without-grub-install.md). */
export const CORE_LIMIT = 480 * 1024;
/** The BIOS partition has room for two core images, so that a new one never overwrites the one in use. */
export const CORE_SLOTS = [0, 512 * 1024] as const;

const SECTOR = 512;

/**
 * Writes the disk location of GRUB's core image into its two BIOS images
 * (docs/decisions/0010-grub-without-grub-install.md).
 * @param boot `boot.img`
 * @param core the output of `grub-mkimage -O i386-pc`
 * @param start the byte of the disk at which the core image will be written
 * @returns modified copies: the boot code, {@link BOOT_CODE_SIZE} bytes for the start of the disk, and the core image
 */
export function linkBiosImages(
  boot: Uint8Array,
  core: Uint8Array,
  start: number,
): { bootCode: Buffer; core: Buffer } {
  const bootCode = Buffer.from(boot.subarray(0, BOOT_CODE_SIZE));
  const linked = Buffer.from(core);
  const sector = start / SECTOR;
  bootCode.writeBigUInt64LE(BigInt(sector), 0x5c);
  // Overwrite the jump, as GRUB's installer does on hard disks, so that the drive number of the BIOS is used.
  bootCode.writeUInt16LE(0x9090, 0x66);
  linked.writeBigUInt64LE(BigInt(sector + 1), 500);
  linked.writeUInt16LE(Math.ceil(core.length / SECTOR) - 1, 508);
  linked.writeUInt16LE(0x820, 510);
  return { bootCode, core: linked };
}

/** Returns the byte of the disk from which its boot code loads the core image. */
export function coreImageStart(bootCode: Uint8Array): number {
  return Number(Buffer.from(bootCode).readBigUInt64LE(0x5c)) * SECTOR;
}
