#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# Overlays in RAM and volumes from the disk. kairos_fstab collects the mounts, as the running system will see them.

# Timeout for a volume to appear, in seconds. It is usually on the disk of the root, which is already present.
KAIROS_VOLUME_TIMEOUT=20

# kairos_remember WHAT WHERE TYPE OPTIONS
kairos_remember() {
    kairos_fstab="$kairos_fstab$1 $2 $3 $4 0 0
"
}

# kairos_mount_all LINES: one call of mount for all of them; failures are reported. Not every BusyBox reads another table.
kairos_mount_all() {
    [ -n "$1" ] || return 0
    printf '%s' "$1" >/etc/fstab
    if ! kairos_report=$(mount -a 2>&1); then
        kairos_warn "some mounts failed: $kairos_report"
    fi
}

# Mounts OEM, which has the owner's configuration. A machine without it still boots.
kairos_mount_oem() {
    [ -d "$NEWROOT/oem" ] && [ -n "$kairos_oem_label" ] || return 0
    if ! kairos_wait_device "LABEL=$kairos_oem_label" "$kairos_oem_timeout"; then
        kairos_warn "no partition $kairos_oem_label after $kairos_oem_timeout s: continuing without its configuration"
        return 0
    fi
    kairos_repair "$kairos_device"
    if kairos_mount rw "$kairos_device" "$NEWROOT/oem"; then
        kairos_remember "LABEL=$kairos_oem_label" /oem auto rw
    else
        kairos_warn "cannot mount $kairos_oem_label at /oem: $kairos_report"
    fi
}

# The upper layers of the overlays: on a tmpfs, or on a given partition.
kairos_mount_overlay_base() {
    mkdir -p /run/overlay
    case $layout_overlay in
        LABEL=* | UUID=*)
            if kairos_wait_device "$layout_overlay" "$KAIROS_VOLUME_TIMEOUT"; then
                kairos_repair "$kairos_device"
                if kairos_mount rw "$kairos_device" /run/overlay; then
                    kairos_remember "$layout_overlay" /run/overlay auto rw,x-initrd.mount
                    return 0
                fi
            else
                kairos_report="it has not appeared"
            fi
            kairos_warn "cannot use $layout_overlay for the overlays ($kairos_report): using RAM"
            layout_overlay=tmpfs:25%
            ;;
        tmpfs:*) ;;
        *)
            kairos_warn "overlay $layout_overlay is neither tmpfs:SIZE nor LABEL= or UUID=: using tmpfs:25%"
            layout_overlay=tmpfs:25%
            ;;
    esac
    mount -t tmpfs -o "mode=0755,size=${layout_overlay#tmpfs:}" tmpfs /run/overlay ||
        kairos_warn "cannot mount a tmpfs of ${layout_overlay#tmpfs:} at /run/overlay"
    kairos_remember tmpfs /run/overlay tmpfs "mode=0755,size=${layout_overlay#tmpfs:},x-initrd.mount"
}

# A writable layer in RAM over each path; and /tmp, which the read-only root needs as well.
kairos_mount_overlays() {
    modprobe -b -q overlay
    kairos_mount_overlay_base
    kairos_lines=
    kairos_dirs=
    kairos_targets=
    kairos_sort "$layout_rw"
    for kairos_path in $kairos_sorted; do
        kairos_usable "$kairos_path" || continue
        kairos_dash "$kairos_path"
        kairos_dir=/run/overlay/$kairos_name/.overlay
        kairos_dirs="$kairos_dirs $kairos_dir/upper $kairos_dir/work"
        kairos_targets="$kairos_targets $NEWROOT$kairos_path"
        kairos_layers="upperdir=$kairos_dir/upper,workdir=$kairos_dir/work"
        kairos_lines="${kairos_lines}overlay $NEWROOT$kairos_path overlay lowerdir=$NEWROOT$kairos_path,$kairos_layers 0 0
"
        # x-initrd.mount: systemd does not try to unmount it at shutdown, while programs still run from it.
        kairos_remember overlay "$kairos_path" overlay "lowerdir=$kairos_path,$kairos_layers,x-initrd.mount"
    done
    # shellcheck disable=SC2086
    [ -z "$kairos_dirs" ] || mkdir -p $kairos_dirs
    # The root of an overlay has the owner and mode of its upper directory.
    # shellcheck disable=SC2086
    [ -z "$kairos_targets" ] || kairos_copy_modes kairos_upper_of $kairos_targets
    kairos_lines="${kairos_lines}tmpfs $NEWROOT/tmp tmpfs mode=1777,nosuid,nodev 0 0
"
    kairos_remember tmpfs /tmp tmpfs mode=1777,nosuid,nodev
    kairos_mount_all "$kairos_lines"
}

kairos_upper_of() {
    kairos_dash "${1#"$NEWROOT"}"
    kairos_other=/run/overlay/$kairos_name/.overlay/upper
}

# kairos_copy_modes FUNCTION DIRECTORY…: copies owner and mode of each directory to the one that FUNCTION names for it (in
# kairos_other). One program reads them all; others are started only for directories that do not belong to root with mode 0755.
kairos_copy_modes() {
    kairos_function=$1
    shift
    while read -r kairos_bits kairos_owner kairos_path; do
        [ "$kairos_bits $kairos_owner" != '755 0:0' ] || continue
        "$kairos_function" "$kairos_path"
        chown "$kairos_owner" "$kairos_other"
        chmod "$kairos_bits" "$kairos_other"
    done <<EOT
$(stat -c '%a %u:%g %n' "$@")
EOT
}

# VOLUMES: SPEC:PATH each. The persistent one is writable and grows; the boot continues if any is missing.
kairos_mount_volumes() {
    kairos_persistent=
    for kairos_volume in $layout_volumes; do
        kairos_spec=${kairos_volume%%:*}
        kairos_path=${kairos_volume#*:}
        # Existing configurations also list OEM, which is already mounted.
        case $kairos_fstab in
            *"$kairos_spec $kairos_path "*) continue ;;
        esac
        kairos_usable "$kairos_path" || continue
        if ! kairos_wait_device "$kairos_spec" "$KAIROS_VOLUME_TIMEOUT"; then
            kairos_warn "$kairos_spec has not appeared in $KAIROS_VOLUME_TIMEOUT s: $kairos_path is NOT mounted"
            continue
        fi
        kairos_options=ro
        if [ "$kairos_spec" = LABEL=COS_PERSISTENT ]; then
            kairos_options=rw
            case $kairos_state in
                active | passive) kairos_grow_partition "$kairos_device" ;;
            esac
            kairos_repair "$kairos_device"
        fi
        if ! kairos_mount "$kairos_options" "$kairos_device" "$NEWROOT$kairos_path"; then
            kairos_warn "cannot mount $kairos_spec: $kairos_report: $kairos_path is NOT mounted"
            continue
        fi
        kairos_remember "$kairos_spec" "$kairos_path" auto "$kairos_options"
        if [ "$kairos_options" = rw ]; then
            kairos_persistent=$kairos_path
            case $kairos_state in
                active | passive) kairos_grow_filesystem ;;
            esac
        fi
    done
}
