#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts, and with dracut
# dracut calls these functions when it generates the initramfs. The module mounts an immutable Kairos system with the scripts
# that an initramfs of our own has; dracut finds the devices.

check() {
    # Only on request, so that other systems are not affected.
    return 255
}

depends() {
    echo base fs-lib rootfs-block
}

installkernel() {
    # A kernel that lacks one of these (or has it built in) is fine: instmods skips it.
    hostonly='' instmods overlay loop squashfs ext4 vfat isofs nls_ascii nls_cp437 nls_iso8859-1 nls_utf8
}

install() {
    inst_multiple mount umount losetup blkid e2fsck chroot sleep sort stat mkdir rmdir ln rm mv cp chmod chown readlink od sync \
        udevadm cat date dmesg grep ls modprobe printf sed setsid sh tr xargs
    for file in "$dracutsysrootdir"/usr/lib/kairos/initramfs/*.sh; do
        inst_simple "$file" "/lib/kairos/${file##*/}"
    done
    # After the root arguments are read (10), before those of the live image (30) and plain block devices (95).
    inst_hook cmdline 20 "$moddir/parse-kairos.sh"
    inst_hook mount 10 "$moddir/mount-kairos.sh"
    inst_hook pre-pivot 30 "$moddir/pivot-kairos.sh"
    inst_hook emergency 20 "$moddir/emergency-kairos.sh"

    # dracut waits three minutes for a root device; an unattended machine should try its fallback sooner.
    mkdir -p "$initdir/etc/cmdline.d"
    echo 'rd.retry=60' >"$initdir/etc/cmdline.d/28kairos.conf"
}
