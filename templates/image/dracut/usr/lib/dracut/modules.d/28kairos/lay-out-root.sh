#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared with the libraries and with dracut
# Pre-pivot hook: what the root looks like when init starts (contract 2.4 to 2.6).

. /lib/kairos-lib.sh
. /lib/kairos-grow.sh
. /lib/kairos-layout.sh

kairos_sentinels() {
    mkdir -p /run/cos
    case $1 in
        unknown) : >/run/cos/unknown ;;
        *) : >"/run/cos/$1_mode" ;;
    esac
    read -r kairos_cmdline </proc/cmdline
    case $kairos_cmdline in
        *upgrade_failure*) : >/run/cos/upgrade_failure ;;
    esac
    case $kairos_cmdline in
        *kairos.ram*) : >/run/cos/in_ram_mode ;;
    esac
}

kairos_lay_out_live() {
    case $1 in
        live | unknown) ;;
        *) kairos_mount_oem ;;
    esac
    kairos_stage rootfs
    kairos_stage initramfs
}

kairos_lay_out_slot() {
    : >"$KAIROS_FSTAB"
    kairos_rest=${root#kairos:}
    kairos_fstab "$kairos_loop" / auto ro
    kairos_fstab "LABEL=${kairos_rest%%:*}" /run/initramfs/cos-state auto ro

    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$NEWROOT/tmp"
    kairos_mount_oem
    kairos_stage rootfs

    kairos_VOLUMES='' kairos_OVERLAY='' kairos_RW_PATHS='' kairos_PERSISTENT='' kairos_EPHEMERAL=''
    kairos_TARGET=/usr/local/.state
    case $1 in
        active | passive)
            kairos_read_layout /run/cos/cos-layout.env || kairos_read_layout "$NEWROOT/usr/lib/kairos/cos-layout.env"
            kairos_read_layout /run/cos/extra-layout.env
            ;;
        *)
            # Recovery uses nothing of the disk that it may have to repair.
            kairos_read_layout /run/cos/cos-layout.env ||
                kairos_RW_PATHS='/etc /root /home /opt /srv /usr/local /var'
            ;;
    esac
    kairos_OVERLAY=$(kairos_arg rd.cos.overlay rd.immucore.overlay || echo "${kairos_OVERLAY:-tmpfs:25%}")

    kairos_mount_overlay_base "$kairos_OVERLAY"
    for kairos_item in $kairos_RW_PATHS $kairos_EPHEMERAL; do kairos_overlay "$kairos_item"; done
    for kairos_item in $kairos_VOLUMES $(getargs rd.cos.mount= rd.immucore.mount=); do kairos_mount_volume "$kairos_item"; done
    # Without a persistent partition the binds would hide nothing and keep nothing.
    if ismounted "$NEWROOT/usr/local"; then
        # Sorted, a parent comes before what is below it.
        for kairos_item in $(echo "$kairos_PERSISTENT" | tr ' ' '\n' | sort -u); do kairos_bind "$kairos_item"; done
        case $1 in active | passive) kairos_machine_id ;; esac
    fi
    cat "$KAIROS_FSTAB" >"$NEWROOT/etc/fstab"
    kairos_stage initramfs
}

kairos_state=$(kairos_boot_state)
kairos_sentinels "$kairos_state"
if kairos_is_live; then
    kairos_lay_out_live "$kairos_state"
else
    case $root in
        kairos:*) kairos_lay_out_slot "$kairos_state" ;;
    esac
fi
