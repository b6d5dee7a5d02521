#!/bin/sh
# shellcheck disable=SC2154 # root and NEWROOT are dracut's
# Mount hook: partition → image file → loop device → read-only root.

. /lib/kairos-lib.sh

# The partition stays mounted, read-only, where the running system and the agent look for it (2.6).
KAIROS_STATE=/run/initramfs/cos-state

kairos_mount_slot() {
    kairos_device=/dev/disk/by-label/$1
    kairos_file=$KAIROS_STATE$2
    mkdir -p "$KAIROS_STATE" /run/cos
    if ! ismounted "$KAIROS_STATE"; then
        mount -o ro "$kairos_device" "$KAIROS_STATE" ||
            die "kairos: cannot mount partition $1 ($kairos_device); boot the recovery entry and check the disk"
    fi
    [ -s "$kairos_file" ] ||
        die "kairos: partition $1 has no $2; choose another entry of the boot menu and upgrade again"
    # Only looks: nothing may write to the image that runs. A clean image costs one read.
    e2fsck -n "$kairos_file" >/run/cos/fsck-slot.log 2>&1 ||
        warn "kairos: $2 has errors: $(cat /run/cos/fsck-slot.log)"
    modprobe -q loop
    kairos_mode=ro
    if getargbool 0 rd.cos.debugrw || getargbool 0 rd.immucore.debugrw; then
        mount -o remount,rw "$KAIROS_STATE" && kairos_mode=rw
    fi
    if [ "$kairos_mode" = rw ]; then
        kairos_loop=$(losetup --find --show "$kairos_file")
    else
        kairos_loop=$(losetup --find --show --read-only "$kairos_file")
    fi
    [ -n "$kairos_loop" ] || die "kairos: no loop device for $2 of partition $1; choose another entry of the boot menu"
    mount -o "$kairos_mode" "$kairos_loop" "$NEWROOT" ||
        die "kairos: $2 of partition $1 holds no root filesystem; choose another entry of the boot menu"
    info "kairos: root is $2 of $1 on $kairos_loop"
}

case $root in
    kairos:*)
        kairos_rest=${root#kairos:}
        ismounted "$NEWROOT" || kairos_mount_slot "${kairos_rest%%:*}" "${kairos_rest#*:}"
        ;;
esac
