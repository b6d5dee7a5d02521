#!/bin/sh
# shellcheck disable=SC2154 # NEWROOT is dracut's; the layout is read in kairos-lib.sh
# The parts of the layout: OEM, volumes, overlays, persistent binds, machine-id, fstab. Sourced.

KAIROS_FSTAB=/run/cos/fstab

kairos_fstab() {
    echo "$1 $2 $3 $4 0 0" >>$KAIROS_FSTAB
}

# Mounts OEM, where the configuration is. Its absence is normal on a disk that has not been installed to.
kairos_mount_oem() {
    kairos_oem=$(kairos_arg rd.cos.oemlabel rd.immucore.oemlabel) || kairos_oem=COS_OEM
    kairos_timeout=$(kairos_arg rd.cos.oemtimeout rd.immucore.oemtimeout) || kairos_timeout=5
    if ! kairos_device=$(kairos_wait_label "$kairos_oem" "$kairos_timeout"); then
        warn "kairos: no partition $kairos_oem after $kairos_timeout s; the configuration in /oem is not used"
        return 0
    fi
    kairos_fsck "$kairos_device"
    if mount -o rw "$kairos_device" "$NEWROOT/oem"; then
        kairos_fstab "LABEL=$kairos_oem" /oem auto rw
    else
        warn "kairos: cannot mount $kairos_oem on /oem"
    fi
}

# kairos_mount_volume LABEL=X:/path
kairos_mount_volume() {
    kairos_label=${1%%:*}
    kairos_label=${kairos_label#LABEL=}
    kairos_target=${1#*:}
    if [ ! -d "$NEWROOT$kairos_target" ]; then
        warn "kairos: the image has no directory $kairos_target; $kairos_label is not mounted"
        return 0
    fi
    if ! kairos_device=$(kairos_wait_label "$kairos_label" 10); then
        warn "kairos: no partition $kairos_label; nothing in $kairos_target will stay"
        return 0
    fi
    # Everything but the persistent partition is for reading (2.6).
    kairos_options=ro

    if [ "$kairos_label" = COS_PERSISTENT ]; then
        kairos_options=rw
        kairos_grow "$kairos_device"
    fi
    kairos_fsck "$kairos_device"
    if ! mount -o "$kairos_options" "$kairos_device" "$NEWROOT$kairos_target"; then
        warn "kairos: cannot mount $kairos_label on $kairos_target; nothing in it will stay"
        return 0
    fi
    [ "$kairos_options" = ro ] || kairos_grow_filesystem "$kairos_device"
    kairos_fstab "LABEL=$kairos_label" "$kairos_target" auto "$kairos_options"
}

# The memory that overlays write to: tmpfs:SIZE, LABEL=X or UUID=X.
kairos_mount_overlay_base() {
    mkdir -p /run/overlay
    case $1 in
        LABEL=* | UUID=*) mount "$1" /run/overlay && return 0 ;;
    esac
    kairos_share=${1#tmpfs:}
    case $1 in tmpfs:*) ;; *) kairos_share=20% ;; esac
    mount -t tmpfs -o "size=$kairos_share,mode=0755" tmpfs /run/overlay
}

# Makes a path of the read-only root writable until the next boot.
kairos_overlay() {
    if [ ! -d "$NEWROOT$1" ]; then
        warn "kairos: the image has no directory $1; it is not made writable"
        return 0
    fi
    kairos_work=/run/overlay/$(kairos_dashed "$1")/.overlay
    mkdir -p "$kairos_work/upper" "$kairos_work/work"
    # The upper directory's mode is what the merged one shows.
    chmod --reference="$NEWROOT$1" "$kairos_work/upper"
    mount -t overlay -o "lowerdir=$NEWROOT$1,upperdir=$kairos_work/upper,workdir=$kairos_work/work" overlay "$NEWROOT$1" ||
        warn "kairos: cannot make $1 writable"
}

kairos_is_empty() {
    for kairos_file in "$1"/* "$1"/.[!.]*; do
        [ ! -e "$kairos_file" ] && [ ! -L "$kairos_file" ] || return 1
    done
}

# Makes a path persistent: its content lives in the store, fed from the image by newer files only (2.6).
kairos_bind() {
    if [ ! -d "$NEWROOT$1" ]; then
        warn "kairos: the image has no directory $1; it does not persist"
        return 0
    fi
    kairos_store=$kairos_TARGET/$(kairos_dashed "$1").bind
    if [ ! -d "$NEWROOT$kairos_store" ]; then
        mkdir -p "$NEWROOT$kairos_store"
        chmod --reference="$NEWROOT$1" "$NEWROOT$kairos_store"
    fi
    if ! kairos_is_empty "$NEWROOT$1"; then
        if [ -x "$NEWROOT/usr/bin/rsync" ]; then
            chroot "$NEWROOT" /usr/bin/rsync -aquAX "$1/" "$kairos_store/"
        else
            cp -au "$NEWROOT$1/." "$NEWROOT$kairos_store/"
        fi || warn "kairos: not all of $1 reached its store"
    fi
    mount --bind "$NEWROOT$kairos_store" "$NEWROOT$1" || warn "kairos: $1 does not persist"
}

# The same identity at every boot; the image has none.
kairos_machine_id() {
    kairos_saved=$NEWROOT/usr/local/etc/machine-id
    if [ ! -s "$kairos_saved" ]; then
        mkdir -p "${kairos_saved%/*}"
        tr -d - </proc/sys/kernel/random/uuid >"$kairos_saved.new"
        sync "$kairos_saved.new"
        mv "$kairos_saved.new" "$kairos_saved"
    fi
    cat "$kairos_saved" >"$NEWROOT/etc/machine-id"
}
