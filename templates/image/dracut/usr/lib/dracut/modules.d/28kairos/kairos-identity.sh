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
    [ -e "$NEWROOT/usr/lib/systemd/systemd-resolved" ] || [ -e "$NEWROOT/lib/systemd/systemd-resolved" ] || return 0
    [ ! -L "$NEWROOT/etc/resolv.conf" ] || return 0
    ln -sf ../run/systemd/resolve/stub-resolv.conf "$NEWROOT/etc/resolv.conf"
}

# systemd takes over what is mounted already, and shows and orders it by this file. Nothing for / : it stays as it is.
# No check passes: what needed one had it above. systemd before 248 stops mounts of this file at once, because it learns
# only later that their devices are there; for it, what is on a disk is a comment (it finds the mounts all the same).
kairos_write_fstab() {
    kairos_version=
    [ ! -r /lib/kairos/systemd-version ] || read -r kairos_version </lib/kairos/systemd-version
    {
        echo '# Made by the initramfs at each boot from what it mounted; changes are lost.'
        if [ "${kairos_version:-248}" -ge 248 ]; then
            printf '%s' "$kairos_fstab"
        else
            while IFS= read -r kairos_line; do
                case $kairos_line in
                    '' | tmpfs\ * | overlay\ *) echo "$kairos_line" ;;
                    *) echo "# $kairos_line" ;;
                esac
            done <<EOT
$kairos_fstab
EOT
        fi
    } >"$NEWROOT/etc/fstab"
}
