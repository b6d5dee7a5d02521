#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# Reads the layout environment from a stage, the image and the command line.

# Reads KEY="…" lines into layout_* variables; appends to lists if $2 is add. No eval: the file is data. Keys come in any order
# (stages write them sorted), so custom entries are kept apart until all are read.
kairos_read_layout() {
    while IFS= read -r kairos_line || [ -n "$kairos_line" ]; do
        kairos_value=${kairos_line#*=}
        case $kairos_value in
            \"*\") kairos_value=${kairos_value#\"} kairos_value=${kairos_value%\"} ;;
            \'*\') kairos_value=${kairos_value#\'} kairos_value=${kairos_value%\'} ;;
        esac
        case $kairos_line in
            OVERLAY=*) layout_overlay=$kairos_value ;;
            PERSISTENT_STATE_TARGET=*) layout_store=$kairos_value ;;
            VOLUMES=*)
                [ "$2" = add ] || layout_volumes=
                layout_volumes="$layout_volumes $kairos_value"
                ;;
            RW_PATHS=*)
                [ "$2" = add ] || layout_rw=
                layout_rw="$layout_rw $kairos_value"
                ;;
            PERSISTENT_STATE_PATHS=*)
                [ "$2" = add ] || layout_binds=
                layout_binds="$layout_binds $kairos_value"
                ;;
            CUSTOM_BIND_MOUNTS=*) layout_custom_binds="$layout_custom_binds $kairos_value" ;;
            CUSTOM_EPHEMERAL_MOUNTS=*) layout_custom_rw="$layout_custom_rw $kairos_value" ;;
        esac
    done <"$1"
}

kairos_add_layout() {
    [ ! -s "$1" ] || kairos_read_layout "$1" add
}

# Decides layout_overlay, layout_volumes, layout_rw, layout_binds, layout_store.
kairos_load_layout() {
    layout_overlay=tmpfs:25%
    layout_volumes=
    layout_rw="/etc /root /home /opt /srv /usr/local /var"
    layout_binds=
    layout_store=/usr/local/.state
    layout_custom_binds=
    layout_custom_rw=

    if [ -s "$KAIROS_RUN/cos-layout.env" ]; then
        kairos_read_layout "$KAIROS_RUN/cos-layout.env"
    else
        case $kairos_state in
            # These run entirely in RAM, so that the disk is not in use while it is repaired.
            recovery | autoreset) ;;
            *)
                if [ -r "$NEWROOT/usr/lib/kairos/cos-layout.env" ]; then
                    kairos_read_layout "$NEWROOT/usr/lib/kairos/cos-layout.env"
                else
                    kairos_warn "the image has no /usr/lib/kairos/cos-layout.env: nothing will persist"
                fi
                ;;
        esac
    fi
    # The image's additions for its family are persistent paths, so they do not apply to modes that run in RAM.
    case $kairos_state in
        recovery | autoreset) ;;
        *)
            kairos_add_layout "$NEWROOT/usr/lib/kairos/extra-layout.env"
            # The installer's configuration writes it from install.bind_mounts and install.ephemeral_mounts.
            kairos_add_layout "$KAIROS_RUN/custom-layout.env"
            ;;
    esac
    kairos_add_layout "$KAIROS_RUN/extra-layout.env"
    layout_volumes="$layout_volumes $kairos_volumes"
    layout_binds="$layout_binds $layout_custom_binds"
    layout_rw="$layout_rw $layout_custom_rw"
    [ -z "$kairos_overlay" ] || layout_overlay=$kairos_overlay
}

# kairos_sort "PATH …": sets kairos_sorted to each path once, parents before their children.
kairos_sort() {
    # shellcheck disable=SC2086
    kairos_sorted=$(printf '%s\n' $1 | LC_ALL=C sort -u)
}

# kairos_dash /var/log: sets kairos_name to var-log, the name of the path in the overlay and in the store.
kairos_dash() {
    kairos_rest=${1#/}
    kairos_name=
    while :; do
        case $kairos_rest in
            */*)
                kairos_name="$kairos_name${kairos_rest%%/*}-"
                kairos_rest=${kairos_rest#*/}
                ;;
            *)
                kairos_name=$kairos_name$kairos_rest
                return
                ;;
        esac
    done
}

# kairos_usable PATH: succeeds if PATH can be a mount point. The image is read-only, so a missing directory cannot be created.
kairos_usable() {
    case $1 in
        /*) ;;
        *)
            kairos_warn "layout: $1 is not an absolute path: skipped"
            return 1
            ;;
    esac
    # Outside the image, an absolute link has the wrong target.
    if [ -L "$NEWROOT$1" ]; then
        kairos_warn "layout: $1 is a symbolic link in the image: skipped"
        return 1
    fi
    if [ ! -d "$NEWROOT$1" ]; then
        kairos_warn "layout: the image has no directory $1: skipped"
        return 1
    fi
}
