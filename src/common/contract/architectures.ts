/** The properties of a supported architecture, whose name is that of Go and OCI (docs/contract.md 6.8). */
export interface Architecture {
  /** The kernel's name: `uname -m`. */
  readonly machine: string;
  /** `e_machine` in its ELF files (gABI, "ELF Header"). */
  readonly elf: number;
  /** Its variant in an OCI platform, if images specify one (image-spec, "Platform Variants"). */
  readonly variant?: string;
  /**
   * Whether machines may have a BIOS, for which disks get boot code and a partition (docs/contract.md 1.1, 1.4).
   */
  readonly bios: boolean;
  /** Its names in UEFI and GRUB (UEFI specification 3.5.1.1; docs/contract.md 1.4). */
  readonly efi: {
    /** GRUB's platform, which is also the name of its module directory. */
    readonly platform: 'x86_64-efi' | 'arm64-efi';
    /** The program in `EFI/BOOT` that firmware starts from a disk without a boot entry. */
    readonly fallback: string;
    /** The program that the distributions' shim starts, in its own directory. */
    readonly grub: string;
    readonly mokManager: string;
    /** Suffix of the names of shim, GRUB and their packages. */
    readonly suffix: 'x64' | 'aa64';
  };
  /** Modules of an unsigned GRUB for UEFI in addition to the common ones. */
  readonly grubModules: readonly string[];
}

export const ARCHITECTURES = {
  amd64: {
    machine: 'x86_64',
    elf: 62,
    bios: true,
    efi: {
      platform: 'x86_64-efi',
      fallback: 'BOOTX64.EFI',
      grub: 'grubx64.efi',
      mokManager: 'mmx64.efi',
      suffix: 'x64',
    },
    grubModules: ['efi_gop', 'efi_uga'],
  },
  arm64: {
    machine: 'aarch64',
    elf: 183,
    variant: 'v8',
    bios: false,
    efi: {
      platform: 'arm64-efi',
      fallback: 'BOOTAA64.EFI',
      grub: 'grubaa64.efi',
      mokManager: 'mmaa64.efi',
      suffix: 'aa64',
    },
    grubModules: ['efi_gop', 'fdt'],
  },
} as const satisfies Readonly<Record<string, Architecture>>;

export type Arch = keyof typeof ARCHITECTURES;
export const ARCHES = ['amd64', 'arm64'] as const satisfies readonly Arch[];

/** Returns the architecture with a name, or `undefined` for an unsupported one. */
export function architecture(name: string): Architecture | undefined {
  return Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name as Arch] : undefined;
}

/** Node's names of processors that differ from those of images. */
const PROCESSORS: Readonly<Record<string, string>> = { x64: 'amd64' };

/** Returns the architecture of this machine: `amd64`, `arm64`, or an unsupported one under Node's name. */
export function machineArch(): string {
  return PROCESSORS[process.arch] ?? process.arch;
}
