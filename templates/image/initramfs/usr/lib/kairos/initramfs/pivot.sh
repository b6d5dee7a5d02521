#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# The root is mounted; sets up the rest of the immutable system, in the order of the contract.

for kairos_part in stage layout grow mounts binds identity; do
    # shellcheck source=/dev/null
    . "/lib/kairos/$kairos_part.sh"
done

# A machine without a clock starts in 1970, or at the last date that its firmware knew. Files that are changed then would be
# older than those of the image, which replace older ones in persistent directories; and no certificate would be valid yet.
kairos_set_clock() {
    kairos_epoch=$(stat -c %Y "$NEWROOT/etc/kairos-release" 2>/dev/null) || return 0
    [ "$(date +%s)" -lt "$kairos_epoch" ] || return 0
    date -s "@$kairos_epoch" >/dev/null || return 0
    kairos_warn "the clock was behind the image: set to the date of the image"
}

kairos_prepare() {
    kairos_fstab=
    kairos_chroot=
    kairos_persistent=
    kairos_set_clock
    kairos_write_sentinels
    # A live medium has no owner yet; any other system has its configuration on the disk.
    [ "$kairos_state" = live ] || kairos_mount_oem
    kairos_run_stage rootfs
    kairos_done 'stage rootfs'
    if kairos_owns_root; then
        kairos_load_layout
        if [ -n "$kairos_image" ]; then
            kairos_remember "LABEL=$(kairos_state_label)" "$KAIROS_STATE_DIR" auto "$kairos_mode,x-initrd.mount"
        fi
        kairos_mount_overlays
        kairos_mount_volumes
        kairos_mount_binds
        kairos_write_fstab
        kairos_done 'overlays, volumes and persistent directories'
    fi
    # Skipped if the command line disables the layout.
    if [ -w "$NEWROOT/etc" ]; then
        kairos_set_machine_id
        kairos_link_resolver
    fi
    kairos_run_stage initramfs chroot
    kairos_done 'stage initramfs'
    kairos_close_chroot
}

kairos_set_up_root() {
    # Values of a configuration are paths, never patterns.
    set -f
    kairos_prepare
    set +f
}

# Sets kairos_init to the program that takes over: the one of init=, or the first that the kernel itself would try. A link of
# the image may be absolute, so only its presence is checked.
kairos_find_init() {
    for kairos_path in "$kairos_init" /sbin/init /etc/init /bin/init /bin/sh; do
        kairos_init=$kairos_path
        [ -n "$kairos_path" ] || continue
        if [ -x "$NEWROOT$kairos_path" ] || [ -L "$NEWROOT$kairos_path" ]; then return; fi
    done
    kairos_fail "the root has no init" "Choose fallback or recovery in the boot menu."
}
