#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts, and with dracut
# What makes the image this machine's own system: machine-id, and the files of /etc that describe how it was put together.

# The image carries an empty machine-id. It is kept on the persistent volume; where there is none, it lives for one boot.
kairos_set_machine_id() {
    kairos_id=
    kairos_kept=$NEWROOT/usr/local/etc/machine-id
    if [ "$kairos_persistent" = /usr/local ] && [ -s "$kairos_kept" ]; then
        read -r kairos_id <"$kairos_kept"
        case $kairos_id in
            *[!0-9a-f]*) kairos_id= ;;
            ????????????????????????????????) ;;
            *) kairos_id= ;;
        esac
        [ -n "$kairos_id" ] || kairos_warn "/usr/local/etc/machine-id is damaged: a new one is made"
    fi
    if [ -z "$kairos_id" ]; then
        kairos_id=
        IFS=- read -r kairos_a kairos_b kairos_c kairos_d kairos_e </proc/sys/kernel/random/uuid
        kairos_id=$kairos_a$kairos_b$kairos_c$kairos_d$kairos_e
        if [ "$kairos_persistent" = /usr/local ]; then
            # Under its name only when it is whole on the disk.
            mkdir -p "${kairos_kept%/*}"
            echo "$kairos_id" >"$kairos_kept.new"
            chmod 0444 "$kairos_kept.new"
            sync -f "$kairos_kept.new"
            mv -f "$kairos_kept.new" "$kairos_kept"
        fi
    fi
    echo "$kairos_id" >"$NEWROOT/etc/machine-id"
}

# An image build cannot make this link, because the builder mounts its own file there. Done before the stages, so that
# what a configuration puts in its place stays.
kairos_link_resolver() {
    [ -e "$NEWROOT/lib/systemd/systemd-resolved" ] && [ ! -L "$NEWROOT/etc/resolv.conf" ] || return 0
    ln -sf ../run/systemd/resolve/stub-resolv.conf "$NEWROOT/etc/resolv.conf"
}

# Sets kairos_mark to what devices' lines in fstab start with. systemd before 249 binds what fstab lists to the unit of
# its device. When it starts, no device has been seen yet, and it would unmount all of it again. What is mounted and not
# listed stays, so there the lines are comments, for people to read.
kairos_mark_devices() {
    kairos_mark=
    set +f
    for kairos_entry in "$NEWROOT"/lib/systemd/libsystemd-shared-*.so "$NEWROOT"/usr/lib/systemd/libsystemd-shared-*.so; do
        kairos_entry=${kairos_entry##*/libsystemd-shared-}
        kairos_entry=${kairos_entry%%[!0-9]*}
        [ "${kairos_entry:-249}" -ge 249 ] || kairos_mark='#'
    done
    set -f
}

# systemd takes over what is mounted already, and shows and orders it by this file. Nothing for / : it stays as it is.
# No check passes: what needed one had it above.
kairos_write_fstab() {
    kairos_mark_devices
    {
        echo '# Made by the initramfs at each boot from what it mounted; changes are lost.'
        while read -r kairos_line; do
            case $kairos_line in
                '') ;;
                overlay\ * | tmpfs\ *) echo "$kairos_line" ;;
                *) echo "$kairos_mark$kairos_line" ;;
            esac
        done
    } >"$NEWROOT/etc/fstab" <<EOT
$kairos_fstab
EOT
}
