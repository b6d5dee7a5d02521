#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# A squashfs on a medium or a partition becomes the root, writable in RAM. Paths and arguments are those of dracut's
# dmsquash-live, which the contract and the menus have.

kairos_mount_live() {
    kairos_spec=${kairos_root#live:}
    modprobe -a -q squashfs isofs vfat
    kairos_wait_device "$kairos_spec" "$KAIROS_ROOT_TIMEOUT" ||
        kairos_fail "no medium $kairos_spec has appeared" "Check that it is attached, and that the image has the driver of its controller."
    kairos_boot_from "$kairos_device"
    mkdir -p /run/initramfs/live
    kairos_mount ro "$kairos_device" /run/initramfs/live ||
        kairos_fail "cannot mount $kairos_spec ($kairos_device): $kairos_report" "The medium may be damaged: write it again."
    kairos_file=/run/initramfs/live/$kairos_live_dir/$kairos_live_image
    [ -s "$kairos_file" ] ||
        kairos_fail "$kairos_spec has no file $kairos_live_dir/$kairos_live_image" "rd.live.dir and rd.live.squashimg on the command line name it."
    if [ -n "$kairos_live_ram" ]; then
        kairos_info "copying $kairos_live_image to RAM"
        if cp "$kairos_file" /run/initramfs/squashed.img; then
            kairos_file=/run/initramfs/squashed.img
            umount /run/initramfs/live
        else
            rm -f /run/initramfs/squashed.img
            kairos_warn "not enough RAM for $kairos_live_image: it stays on the medium"
        fi
    fi
    kairos_mount_squashfs "The medium may be damaged: write it again."
    kairos_info "root is $kairos_live_image of $kairos_spec"
}

# kairos_mount_squashfs REMEDY: the squashfs kairos_file becomes the root.
kairos_mount_squashfs() {
    mkdir -p /run/rootfsbase /run/overlayfs /run/ovlwork
    kairos_attach ro "$kairos_file"
    kairos_mount ro "$kairos_loop" /run/rootfsbase ||
        kairos_fail "cannot mount ${kairos_file##*/} ($kairos_loop): $kairos_report" "$1"
    modprobe -b -q overlay
    kairos_report=$(mount -t overlay -o lowerdir=/run/rootfsbase,upperdir=/run/overlayfs,workdir=/run/ovlwork LiveOS_rootfs "$NEWROOT" 2>&1) ||
        kairos_fail "cannot make the root writable: $kairos_report" "Boot with more memory."
}
