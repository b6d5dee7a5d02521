import { describe, expect, test } from 'vitest';
import { loadFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import { nameOf } from '../../../../../src/factory/catalog/flavors/select.ts';
import { UPSTREAM, words } from './support/upstream-packages.ts';

// These tests cannot download the packages of these families, so they compare the names with lists: upstream's
// (docs/contract.md 6.3), and, each with a reason, those that upstream gets as dependencies.
const BESIDES: Readonly<Record<string, string>> = {
  // Parts of Fedora's base system that minimal images lack, and the sub-packages of grub2 with programs and modules.
  redhat: `ca-certificates coreutils dbus findutils grep hostname kmod procps-ng sed shadow-utils systemd-pam systemd-udev
    util-linux bash iputils grub2-pc-modules grub2-efi-x64-cdboot grub2-efi-aa64-cdboot grub2-tools grub2-tools-extra
    grub2-tools-minimal
    conntrack-tools ethtool gdisk ipset iptables-nft iscsi-initiator-utils nftables parted socat`,
  // Parts of openSUSE's base system that minimal images lack.
  suse: `ca-certificates-mozilla dbus-1 grep gzip hostname kmod sed shadow udev util-linux util-linux-systemd xz busybox-static grub2
    ethtool gptfdisk ipset nftables parted socat`,
  // aports: main; sub-packages of util-linux, e2fsprogs and BusyBox.
  alpine: `alpine-base ca-certificates coreutils findutils kmod libgcc libstdc++ losetup mount partx sfdisk shadow
    udev-init-scripts umount util-linux-misc e2fsprogs-extra iputils openssh-keygen busybox-static linux-virt
    linux-firmware-none ethtool ipset nftables parted sgdisk socat`,
};

const directory = new URL('../../../../../flavors', import.meta.url).pathname;

describe.each(['fedora', 'rocky', 'almalinux', 'opensuse', 'alpine'])('%s', (name) => {
  test('lists only packages that are known in its family', async () => {
    const { packages, kernels, family, 'package-sets': sets } = await loadFlavor(directory, name);
    const known = new Set([
      ...words(UPSTREAM['all'] ?? ''),
      ...words(UPSTREAM[family] ?? ''),
      ...words(BESIDES[family] ?? ''),
    ]);
    const lists = [packages, kernels, ...Object.values(sets)].flatMap((each) => Object.values(each));
    const named = lists.flat().map(nameOf);
    expect(named.filter((each) => !known.has(each))).toEqual([]);
    // An outdated exception would hide a wrong name.
    expect(words(BESIDES[family] ?? '').filter((each) => !named.includes(each))).toEqual([]);
  });

  test('lists each package once, and a kernel for each architecture with GRUB packages', async () => {
    const { packages, kernels } = await loadFlavor(directory, name);
    const named = Object.values(packages).flat().map(nameOf);
    expect(named.filter((each, index) => named.indexOf(each) !== index)).toEqual([]);
    expect(kernels['generic']?.length).toBeGreaterThan(0);
  });
});
