/**
 * The packages that upstream installs on generic boards, by family and by flavor (docs/contract.md 6.3). `all` are those of every
 * distribution.
 */
export const UPSTREAM: Readonly<Record<string, string>> = {
  all: 'file gawk iptables less nano sudo tar zstd rsync lvm2 jq dosfstools e2fsprogs logrotate',
  debian: `ca-certificates curl binutils conntrack console-setup coreutils cryptsetup debianutils ethtool fuse3 fail2ban gnupg
    gnupg1-l10n haveged iproute2 iputils-ping krb5-locales libatm1 libglib2.0-data libgpm2 libldap-common libnss-systemd
    libpam-cap libsasl2-modules mdadm nbd-client ncurses-term neovim nfs-common nfs-client nftables open-iscsi openssh-server
    os-prober pigz pkg-config psmisc publicsuffix shared-mime-info systemd systemd-timesyncd systemd-sysv xauth xclip
    xdg-user-dirs xxd xz-utils zerofree systemd-resolved polkitd multipath-tools multipath-tools-boot systemd-cryptsetup
    kbd lldpd snmpd squashfs-tools`,
  ubuntu: `console-data gettext systemd-container ubuntu-advantage-tools tpm2-tools dmsetup networkd-dispatcher zfsutils-linux
    packagekit packagekit-tools`,
  redhat: `audit chrony cracklib-dicts device-mapper device-mapper-multipath iproute nfs-utils NetworkManager nmstate
    openssh-server openssh-clients polkit qemu-guest-agent systemd which cryptsetup tpm2-tss xz systemd-resolved fail2ban
    haveged dracut dracut-live dracut-network dracut-squash squashfs-tools kernel kernel-modules kernel-modules-extra grub2
    grub2-efi-x64 grub2-efi-x64-modules grub2-pc shim-x64 grub2-efi-aa64 grub2-efi-aa64-modules shim-aa64`,
  suse: `curl bash-completion conntrack-tools cryptsetup coreutils device-mapper fail2ban findutils haveged htop iproute2
    iputils lsscsi mdadm multipath-tools nfs-client open-iscsi openssh pigz polkit procps qemu-guest-agent strace systemd
    timezone tmux vim which systemd-networkd systemd-resolved open-vm-tools tpm2.0-tools tpm2-0-tss issue-generator dracut
    squashfs dhcp-client kernel-default nethogs iw shim grub2-i386-pc grub2-x86_64-efi kernel-firmware-all grub2-arm64-efi`,
  alpine: `curl bash bash-completion blkid bonding bridge busybox-openrc ca-certificates connman conntrack-tools coreutils
    cryptsetup device-mapper-udev dbus dmidecode efibootmgr eudev eudev-hwids fail2ban findutils findmnt gcompat gettext
    haveged htop hvtools iproute2 irqbalance iscsi-scst kbd-bkeymaps libc6-compat libusb lm-sensors lsscsi lvm2-extra mdadm
    mdadm-misc mdadm-udev multipath-tools ncurses ncurses-terminfo nfs-utils open-iscsi openrc openssh-client openssh-server
    open-vm-tools open-vm-tools-deploypkg open-vm-tools-guestinfo open-vm-tools-static open-vm-tools-vmbackup procps
    qemu-guest-agent rbd-nbd smartmontools squashfs-tools strace tzdata util-linux vim which wireguard-tools wpa_supplicant
    xfsprogs xfsprogs-extra xz linux-lts grub grub-efi grub-bios`,
};

/** The words of a list. */
export const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
