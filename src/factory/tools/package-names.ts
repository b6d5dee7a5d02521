/** The package managers of build machines. */
export const MANAGERS = ['apt', 'dnf', 'zypper', 'apk', 'pacman'] as const;
export type ManagerName = (typeof MANAGERS)[number];

/** The names of a package, or of the packages that it is split into, where they differ from Debian's; `null` where the distributions have no such package. */
type OtherNames = Readonly<Partial<Record<Exclude<ManagerName, 'apt'>, string | null>>>;

/**
 * The packages of host tools, by Debian's name. A name that would be wrong makes the whole command of an installation fail, so a
 * package that some distributions of a family lack counts as missing. Sources: packages.fedoraproject.org, software.opensuse.org,
 * pkgs.alpinelinux.org, archlinux.org/packages.
 */
export const PACKAGE_NAMES: Readonly<Record<string, OtherNames>> = {
  apt: { dnf: null, zypper: null, apk: null, pacman: null },
  'arch-test': { dnf: null, zypper: null, apk: null, pacman: null },
  'binfmt-support': { dnf: null, zypper: null, apk: null, pacman: null },
  buildah: {},
  coreutils: {},
  'cryptsetup-bin': { dnf: 'veritysetup', zypper: 'cryptsetup', apk: 'cryptsetup', pacman: 'cryptsetup' },
  'dnsmasq-base': { dnf: 'dnsmasq', zypper: 'dnsmasq', apk: 'dnsmasq', pacman: 'dnsmasq' },
  dosfstools: {},
  e2fsprogs: { apk: 'e2fsprogs e2fsprogs-extra' },
  'erofs-utils': {},
  gdisk: { zypper: 'gptfdisk', apk: 'sgdisk', pacman: 'gptfdisk' },
  'golang-docker-credential-helpers': { dnf: null, zypper: null, apk: null, pacman: null },
  'grub-common': { dnf: 'grub2-tools-minimal', zypper: 'grub2', apk: 'grub', pacman: 'grub' },
  gzip: {},
  ipxe: { dnf: 'ipxe-bootimgs-x86', zypper: 'ipxe-bootimgs', apk: null },
  'libarchive-tools': { dnf: 'bsdtar', zypper: 'bsdtar', pacman: 'libarchive' },
  mmdebstrap: { dnf: null, zypper: null, apk: null, pacman: null },
  mtools: {},
  'openssh-client': {
    dnf: 'openssh-clients',
    zypper: 'openssh-clients',
    apk: 'openssh-client-default',
    pacman: 'openssh',
  },
  openssl: {},
  pigz: {},
  ovmf: { dnf: 'edk2-ovmf', zypper: 'qemu-ovmf-x86_64', pacman: 'edk2-ovmf' },
  'qemu-efi-aarch64': {
    dnf: 'edk2-aarch64',
    zypper: 'qemu-uefi-aarch64',
    apk: 'aavmf',
    pacman: 'edk2-aarch64',
  },
  'qemu-system-arm': {
    dnf: 'qemu-system-aarch64-core',
    zypper: 'qemu-arm',
    apk: 'qemu-system-aarch64',
    pacman: 'qemu-system-aarch64',
  },
  'qemu-system-x86': { dnf: 'qemu-system-x86-core', zypper: 'qemu-x86', apk: 'qemu-system-x86_64' },
  'qemu-user-static': { zypper: 'qemu-linux-user', apk: null },
  'qemu-utils': { dnf: 'qemu-img', zypper: 'qemu-img', apk: 'qemu-img', pacman: 'qemu-img' },
  'squashfs-tools': { zypper: 'squashfs' },
  tar: {},
  uidmap: { dnf: 'shadow-utils', zypper: 'shadow', apk: 'shadow-uidmap', pacman: 'shadow' },
  'util-linux': {},
  xorriso: { pacman: 'libisoburn' },
  'xz-utils': { dnf: 'xz', zypper: 'xz', apk: 'xz', pacman: 'xz' },
  zstd: {},
};

/**
 * The name of a package of Debian on the distributions of a package manager; `undefined` where they have no such package. A
 * package that the table lacks has the same name everywhere.
 */
export function packageName(debian: string, manager: ManagerName): string | undefined {
  if (manager === 'apt') return debian;
  const other = PACKAGE_NAMES[debian]?.[manager];
  return other === undefined ? debian : (other ?? undefined);
}
