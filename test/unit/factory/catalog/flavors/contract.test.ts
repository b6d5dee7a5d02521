import { describe, expect, test } from 'vitest';
import { openAllFlavors } from '../../../../../src/factory/catalog/flavors/load.ts';
import { holds, nameOf } from '../../../../../src/factory/catalog/flavors/select.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { detectedRelease } from './support/rendering.ts';

/**
 * Names of packages that upstream installs (docs/contract.md 6.3), to detect typos without downloads. `ours` are packages that
 * upstream does not install, each with its purpose; `without` are upstream's packages that we omit, each with the reason.
 */
interface Names {
  /** By flavor, else for the family: the kernel of a release, by its version. */
  readonly kernel: (flavor: string, version: string, arch: string) => readonly string[];
  readonly initramfs: readonly string[];
  readonly boot: Readonly<Record<'amd64' | 'arm64', readonly string[]>>;
  readonly ours: Readonly<Record<string, string>>;
  readonly without: Readonly<Record<string, string>>;
}

const LONG_TERM = ['20.04', '22.04', '24.04'];
/** Packages of upstream's list for GRUB that are not boot loaders. */
const NO_LOADER = 'a tool for people, not for booting';
const NETWORK = 'the initramfs needs no network';
const NO_DRACUT = 'the build makes the initramfs itself';
const BUSYBOX = 'shell and tools of the initramfs';

const CONTRACT: Readonly<Record<string, Names>> = {
  debian: {
    kernel: (flavor, version, arch) => {
      if (flavor === 'debian') return [`linux-image-${arch}`];
      if (version === '26.04') return ['linux-image-generic'];
      return [`linux-image-generic-hwe-${LONG_TERM.includes(version) ? version : '24.04'}`];
    },
    initramfs: ['dracut', 'dracut-live', 'dracut-network', 'isc-dhcp-common', 'isc-dhcp-client'],
    boot: {
      amd64: [
        ...['kbd', 'lldpd', 'snmpd', 'squashfs-tools', 'shim-signed', 'grub2', 'grub2-common'],
        ...['grub-efi-amd64-bin', 'grub-efi-amd64-signed', 'grub-pc-bin'],
      ],
      arm64: [
        ...['kbd', 'lldpd', 'snmpd', 'squashfs-tools', 'shim-signed'],
        ...['grub-efi-arm64', 'grub-efi-arm64-bin', 'grub-efi-arm64-signed'],
      ],
    },
    ours: {
      'busybox-static': BUSYBOX,
      'grub-common': 'fonts and grub-editenv; upstream gets it with grub2',
      'grub2-common': 'upstream gets it with grub-efi-arm64',
    },
    without: {
      dracut: NO_DRACUT,
      'dracut-live': NO_DRACUT,
      'dracut-network': NETWORK,
      'isc-dhcp-common': NETWORK,
      'isc-dhcp-client': NETWORK,
      kbd: NO_LOADER,
      lldpd: NO_LOADER,
      snmpd: NO_LOADER,
      'squashfs-tools': NO_LOADER,
      grub2: 'would set up the disk of the machine that builds; its parts are named',
      'grub-efi-arm64': 'would set up the disk of the machine that builds; its parts are named',
    },
  },
  redhat: {
    kernel: () => ['kernel', 'kernel-modules', 'kernel-modules-extra'],
    initramfs: ['dracut', 'dracut-live', 'dracut-network', 'dracut-squash', 'squashfs-tools', 'dhcp-client'],
    boot: {
      amd64: ['grub2', 'grub2-efi-x64', 'grub2-efi-x64-modules', 'grub2-pc', 'shim-x64'],
      arm64: ['grub2', 'grub2-efi-aa64', 'grub2-efi-aa64-modules', 'shim-aa64'],
    },
    ours: {
      bash: 'the shell of the initramfs, because the clones of RHEL have no BusyBox',
      'grub2-pc-modules': 'modules of the BIOS loader; upstream gets them with grub2-pc',
      'grub2-efi-x64-cdboot': 'signed loader of live media',
      'grub2-efi-aa64-cdboot': 'signed loader of live media',
      'grub2-tools': 'grub2-editenv; upstream gets it with grub2',
      'grub2-tools-extra': 'upstream gets it with grub2',
      'grub2-tools-minimal': 'upstream gets it with grub2',
    },
    without: {
      'kernel-modules-extra': 'drivers of rare hardware',
      dracut: NO_DRACUT,
      'dracut-live': NO_DRACUT,
      'dracut-squash': NO_DRACUT,
      'dracut-network': NETWORK,
      'dhcp-client': NETWORK,
      'squashfs-tools': 'is in the role "disk"',
      grub2: 'a name for grub2-pc, which is named',
    },
  },
  suse: {
    kernel: () => ['kernel-default'],
    initramfs: ['dracut', 'squashfs', 'dhcp-client'],
    boot: {
      amd64: ['nethogs', 'iw', 'shim', 'grub2-i386-pc', 'grub2-x86_64-efi', 'kernel-firmware-all'],
      arm64: ['nethogs', 'iw', 'shim', 'grub2-arm64-efi'],
    },
    ours: {
      'busybox-static': BUSYBOX,
      grub2: 'grub2-editenv and fonts; upstream gets it as a dependency',
    },
    without: {
      dracut: NO_DRACUT,
      'dhcp-client': NETWORK,
      squashfs: 'is in the role "disk"',
      nethogs: NO_LOADER,
      iw: NO_LOADER,
      'kernel-firmware-all': 'large, and of use on few machines',
    },
  },
  alpine: {
    kernel: () => ['linux-lts'],
    initramfs: ['mkinitfs'],
    boot: { amd64: ['grub', 'grub-efi', 'grub-bios'], arm64: ['grub', 'grub-efi'] },
    ours: {
      'linux-firmware-none': 'keeps apk from choosing all firmware',
      'busybox-static': BUSYBOX,
    },
    without: { mkinitfs: NO_DRACUT },
  },
};

// Skip flavors that install nothing.
const flavors = (await openAllFlavors(FLAVORS)).filter(({ flavor }) => flavor['package-manager'] !== 'none');
const cases = flavors.flatMap((loaded) =>
  Object.keys(loaded.flavor.releases).flatMap((release) =>
    (['amd64', 'arm64'] as const).map((arch) => ({ loaded, name: loaded.flavor.name, release, arch })),
  ),
);

describe.each(cases)('$name $release on $arch', ({ loaded: { flavor }, loaded, release, arch }) => {
  const names = CONTRACT[flavor.family];
  const { version } = detectedRelease(loaded, release).distribution;
  const listed = (role: 'kernel' | 'initramfs' | 'boot') => {
    const entries = (role === 'kernel' ? flavor.kernels['generic'] : flavor.packages[role]) ?? [];
    return entries.filter((entry) => holds(entry, { arch, releaseVersion: version })).map(nameOf);
  };

  test.each(['kernel', 'initramfs', 'boot'] as const)('names the packages of the contract: %s', (role) => {
    if (names === undefined) throw new Error(`no list for the family ${flavor.family}`);
    const theirs =
      role === 'kernel'
        ? names.kernel(flavor.name, version, arch)
        : role === 'boot'
          ? names.boot[arch]
          : names.initramfs;
    const own = listed(role);
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter((name) => !theirs.includes(name) && !(name in names.ours))).toEqual([]);
    expect(theirs.filter((name) => !own.includes(name) && !(name in names.without))).toEqual([]);
  });
});
