#!/bin/bash
# dracut module: boots a slot image (active, passive or recovery) as a read-only root and lays the writable paths over it.

check() {
    return 0
}

depends() {
    echo base fs-lib rootfs-block
}

installkernel() {
    hostonly='' instmods loop overlay squashfs ext4 =fs/nls
}

install() {
    # sfdisk, partx and resize2fs grow the persistent partition before it is used; taking them from the root would need
    # /dev, /proc and /sys mounted there twice.
    inst_multiple blkid cat chmod chroot cp e2fsck ls losetup mkdir mount mv partx readlink resize2fs rm rmdir sed \
        sfdisk sleep sort sync tr udevadm umount
    inst_simple "$moddir/kairos-lib.sh" /lib/kairos-lib.sh
    inst_simple "$moddir/kairos-layout.sh" /lib/kairos-layout.sh
    inst_simple "$moddir/kairos-grow.sh" /lib/kairos-grow.sh
    inst_hook cmdline 10 "$moddir/parse-kairos.sh"
    inst_hook mount 10 "$moddir/mount-slot.sh"
    inst_hook pre-pivot 50 "$moddir/lay-out-root.sh"
}
