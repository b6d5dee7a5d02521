/** What differs between the architectures that images are made for. Names as in Go and OCI (docs/contract.md 6.8). */
export interface Architecture {
  /** As the kernel calls it: `uname -m`. */
  readonly machine: string;
  /** `e_machine` of its ELF files (gABI, "ELF Header"). */
  readonly elf: number;
  /** Its variant in an OCI platform, where images of it carry one (image-spec, "Platform Variants"). */
  readonly variant?: string;
  /**
   * Whether its machines may have a BIOS, for which disks get boot code and a partition (docs/contract.md 1.1, 1.4).
   */
  readonly bios: boolean;
  /** Names of UEFI and of GRUB for it (UEFI specification 3.5.1.1; docs/contract.md 1.4). */
  readonly efi: {
    /** GRUB's platform, which names its directory of modules too. */
    readonly platform: 'x86_64-efi' | 'arm64-efi';
    /** What firmware starts from a disk that it knows nothing of, in `EFI/BOOT`. */
    readonly fallback: string;
    /** What the distributions' shim starts, beside itself. */
    readonly grub: string;
    readonly mokManager: string;
    /** What the names of shim, GRUB and their packages end with. */
    readonly suffix: 'x64' | 'aa64';
  };
  /** Modules of an unsigned GRUB for UEFI besides those that all have. */
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

/** The architecture of that name, or `undefined` for one that images are not made for. */
export function architecture(name: string): Architecture | undefined {
  return Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name as Arch] : undefined;
}

/** Node's names for processors, where they are not those of images. */
const PROCESSORS: Readonly<Record<string, string>> = { x64: 'amd64' };

/** The architecture of the machine that this program runs on: `amd64`, `arm64`, or one that we make no images for. */
export function machineArch(): string {
  return PROCESSORS[process.arch] ?? process.arch;
}
