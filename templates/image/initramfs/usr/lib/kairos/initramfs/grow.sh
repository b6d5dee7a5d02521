#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# The persistent partition grows to fill the disk, whose size is unknown when the image is made.
# sfdisk, partx and resize2fs of the image are called by chroot: they are needed once per machine, and in the initramfs every
# boot would pay for unpacking them. Every step can be repeated: after a power cut, the next boot does the remaining work.

# In 512-byte sectors; less is not worth rewriting the partition table.
KAIROS_WORTH=32768

# kairos_grow_partition DEVICE: sets kairos_kernel_name; reads only sysfs if there is nothing to grow.
kairos_grow_partition() {
    kairos_kernel_name=${1##*/}
    kairos_sys=/sys/class/block/$kairos_kernel_name
    # Only partitions have these files; a mapped device follows the device below it.
    [ -r "$kairos_sys/partition" ] || return 0
    read -r kairos_number <"$kairos_sys/partition"
    read -r kairos_start <"$kairos_sys/start"
    read -r kairos_size <"$kairos_sys/size"
    read -r kairos_disk_size <"$kairos_sys/../size" || return 0
    [ $((kairos_disk_size - kairos_start - kairos_size)) -gt "$KAIROS_WORTH" ] || return 0

    kairos_disk_sys=$(readlink -f "$kairos_sys/..")
    kairos_last=yes
    set +f
    for kairos_other in "$kairos_disk_sys"/*/start; do
        read -r kairos_other_start <"$kairos_other"
        [ "$kairos_other_start" -le "$kairos_start" ] || kairos_last=no
    done
    set -f
    [ "$kairos_last" = yes ] || return 0
    kairos_disk=/dev/${kairos_disk_sys##*/}

    kairos_open_chroot
    kairos_info "growing partition $kairos_number to the end of $kairos_disk"
    # First move the backup table to the end of the disk, which makes the space usable; then grow the partition. libfdisk
    # writes the backup before the primary, so one of them is always intact. Other partitions of the disk are mounted, so
    # the table is not re-read, and the kernel is notified only of this partition.
    if ! kairos_report=$(
        {
            chroot "$NEWROOT" sfdisk --quiet --no-reread --no-tell-kernel --relocate gpt-bak-std "$kairos_disk" &&
                echo ', +' | chroot "$NEWROOT" sfdisk --quiet --no-reread --no-tell-kernel \
                    --wipe never --wipe-partitions never --partno "$kairos_number" "$kairos_disk" &&
                chroot "$NEWROOT" partx --update --nr "$kairos_number" "$kairos_disk"
        } 2>&1
    ); then
        kairos_warn "could not grow partition $kairos_number of $kairos_disk: $kairos_report"
    fi
}

# kairos_grow_filesystem: grows that of the last partition, now mounted. The superblock decides, not the result above: the
# power may have failed between the two steps in an earlier boot.
kairos_grow_filesystem() {
    [ -r "/sys/class/block/$kairos_kernel_name/size" ] || return 0
    read -r kairos_size <"/sys/class/block/$kairos_kernel_name/size"
    # 32-bit words of the superblock: inodes, blocks, reserved, free blocks, free inodes, first block, log2(block size / 1 KiB), …
    # and at byte 56 the magic number of ext2, 3 and 4.
    # shellcheck disable=SC2046
    set -- $(od -A n -t u4 -j 1024 -N 60 "/dev/$kairos_kernel_name" 2>/dev/null)
    [ $# -eq 15 ] && [ $((${15} % 65536)) -eq 61267 ] || return 0
    [ $((kairos_size - ($2 << ($7 + 1)))) -gt "$KAIROS_WORTH" ] || return 0
    kairos_open_chroot
    kairos_info "growing the filesystem of /dev/$kairos_kernel_name"
    if ! kairos_report=$(chroot "$NEWROOT" resize2fs "/dev/$kairos_kernel_name" 2>&1); then
        kairos_warn "could not grow the filesystem of /dev/$kairos_kernel_name: $kairos_report"
    fi
}
