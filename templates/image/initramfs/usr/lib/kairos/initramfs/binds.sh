#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# Persistent directories: each is bind-mounted from a store on the persistent volume, and the image's content is copied
# into it. There are dozens and most are empty, so each program is started once for all of them.

kairos_store_of() {
    kairos_dash "${1#"$NEWROOT"}"
    kairos_other=$NEWROOT$layout_store/$kairos_name.bind
}

kairos_is_empty() {
    set +f
    for kairos_entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        if [ -e "$kairos_entry" ] || [ -L "$kairos_entry" ]; then
            set -f
            return 1
        fi
    done
    set -f
}

# kairos_fill_stores PATH…: newer files of the image replace those in the stores; files that only a store has stay.
# The stores are mounted by now, but a plain bind mount of the root shows the image without the mounts on top of it.
kairos_fill_stores() {
    [ $# -gt 0 ] || return 0
    kairos_open_chroot
    kairos_pristine=/run/kairos-image
    mkdir -p /run/kairos-image
    mount --bind "$NEWROOT" "$NEWROOT$kairos_pristine"
    if kairos_image_has rsync; then
        kairos_sources=
        for kairos_path in "$@"; do
            # The part after /./ is the path at the destination.
            kairos_sources="$kairos_sources $kairos_pristine/.$kairos_path/"
        done
        # shellcheck disable=SC2086
        kairos_report=$(chroot "$NEWROOT" rsync -aquAX --relative --no-implied-dirs $kairos_sources / 2>&1) ||
            kairos_warn "rsync into the persistent directories: $kairos_report"
    else
        kairos_info "the image has no rsync: persistent directories are filled by cp"
        for kairos_path in "$@"; do
            kairos_report=$(chroot "$NEWROOT" cp -au "$kairos_pristine$kairos_path/." "$kairos_path/" 2>&1) ||
                kairos_warn "cp into $kairos_path: $kairos_report"
        done
    fi
    umount "$NEWROOT$kairos_pristine" && rmdir /run/kairos-image
}

# Mounts the stores over kairos_paths, as many as possible at once: a path below another one waits for its mount, because the
# store of the parent may lack the directory.
kairos_bind_stores() {
    kairos_lines=
    kairos_waiting=
    for kairos_path in $kairos_paths; do
        for kairos_parent in $kairos_waiting; do
            case $kairos_path in
                "$kairos_parent"/*)
                    kairos_mount_all "$kairos_lines"
                    kairos_lines=
                    kairos_waiting=
                    break
                    ;;
            esac
        done
        [ -d "$NEWROOT$kairos_path" ] || mkdir -p "$NEWROOT$kairos_path"
        kairos_store_of "$kairos_path"
        kairos_lines="$kairos_lines$kairos_other $NEWROOT$kairos_path none bind 0 0
"
        kairos_waiting="$kairos_waiting $kairos_path"
    done
    kairos_mount_all "$kairos_lines"
}

kairos_mount_binds() {
    [ -n "$layout_binds" ] || return 0
    if [ -z "$kairos_persistent" ]; then
        kairos_warn "there is no persistent volume: changes to this system will be LOST at the next boot"
        return 0
    fi
    kairos_paths=
    kairos_new=
    kairos_stores=
    kairos_full=
    kairos_sort "$layout_binds"
    for kairos_path in $kairos_sorted; do
        kairos_usable "$kairos_path" || continue
        kairos_store_of "$kairos_path"
        if [ ! -d "$kairos_other" ]; then
            kairos_new="$kairos_new $NEWROOT$kairos_path"
            kairos_stores="$kairos_stores $kairos_other"
        fi
        kairos_is_empty "$NEWROOT$kairos_path" || kairos_full="$kairos_full $kairos_path"
        kairos_paths="$kairos_paths $kairos_path"
        kairos_remember "${kairos_other#"$NEWROOT"}" "$kairos_path" none bind
    done
    if [ -n "$kairos_new" ]; then
        # shellcheck disable=SC2086
        mkdir -p $kairos_stores
        # shellcheck disable=SC2086
        kairos_copy_modes kairos_store_of $kairos_new
    fi
    kairos_bind_stores
    # shellcheck disable=SC2086
    kairos_fill_stores $kairos_full
}
