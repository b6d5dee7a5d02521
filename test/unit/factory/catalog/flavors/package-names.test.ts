import { describe, expect, test } from 'vitest';
import { loadFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import { nameOf } from '../../../../../src/factory/catalog/flavors/select.ts';

// These tests cannot download the packages of these families, so they compare the names with lists: upstream's
// (docs/contract.md 6.3), and, each with a reason, those that upstream gets as dependencies.
const CONTRACT: Readonly<Record<string, string>> = {
  all: 'file gawk iptables less nano sudo tar zstd rsync lvm2 jq dosfstools e2fsprogs logrotate',
  redhat: `audit chrony cracklib-dicts device-mapper device-mapper-multipath iproute nfs-utils NetworkManager nmstate
    openssh-server openssh-clients polkit qemu-guest-agent systemd which cryptsetup tpm2-tss xz systemd-resolved fail2ban
    haveged dracut dracut-live dracut-network dracut-squash squashfs-tools kernel kernel-modules kernel-modules-extra grub2
    grub2-efi-x64 grub2-efi-x64-modules grub2-pc shim-x64 grub2-efi-aa64 grub2-efi-aa64-modules shim-aa64`,
  suse: `curl bash-completion conntrack-tools cryptsetup coreutils device-mapper fail2ban findutils haveged htop iproute2
    iputils lsscsi mdadm multipath-tools nfs-client open-iscsi openssh pigz polkit procps qemu-guest-agent strace systemd
    timezone tmux vim which systemd-networkd systemd-resolved dracut squashfs dhcp-client kernel-default nethogs iw shim
    grub2-i386-pc grub2-x86_64-efi kernel-firmware-all grub2-arm64-efi`,
  alpine: `curl bash blkid bridge busybox-openrc connman cryptsetup dbus dmidecode efibootmgr eudev eudev-hwids fail2ban
    findmnt gcompat haveged iproute2 kbd-bkeymaps lvm2-extra mdadm multipath-tools nfs-utils open-iscsi openrc
    openssh-server open-vm-tools qemu-guest-agent smartmontools squashfs-tools tzdata util-linux wireguard-tools
    wpa_supplicant xfsprogs xz linux-lts grub grub-efi grub-bios`,
};

const BESIDES: Readonly<Record<string, string>> = {
  // Parts of Fedora's base system that minimal images lack, and the sub-packages of grub2 with programs and modules.
  redhat: `ca-certificates coreutils dbus findutils grep hostname kmod procps-ng sed shadow-utils systemd-pam systemd-udev
    util-linux bash iputils grub2-pc-modules grub2-efi-x64-cdboot grub2-efi-aa64-cdboot grub2-tools grub2-tools-extra
    grub2-tools-minimal`,
  // Parts of openSUSE's base system that minimal images lack.
  suse: `ca-certificates-mozilla dbus-1 grep gzip hostname kmod sed shadow udev util-linux util-linux-systemd xz busybox-static grub2`,
  // aports: main; sub-packages of util-linux, e2fsprogs and BusyBox.
  alpine: `alpine-base ca-certificates coreutils findutils kmod libgcc libstdc++ losetup mount partx sfdisk shadow
    udev-init-scripts umount util-linux-misc e2fsprogs-extra iputils openssh-keygen busybox-static linux-virt
    linux-firmware-none`,
};

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
const directory = new URL('../../../../../flavors', import.meta.url).pathname;

describe.each(['fedora', 'rocky', 'almalinux', 'opensuse', 'alpine'])('%s', (name) => {
  test('lists only packages that are known in its family', async () => {
    const { packages, kernels, family } = await loadFlavor(directory, name);
    const known = new Set([
      ...words(CONTRACT['all'] ?? ''),
      ...words(CONTRACT[family] ?? ''),
      ...words(BESIDES[family] ?? ''),
    ]);
    const named = [...Object.values(packages), ...Object.values(kernels)].flat().map(nameOf);
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
