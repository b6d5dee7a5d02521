#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared with the hooks and with dracut
# What the hooks of the kairos module share. Sourced, after dracut's own library.

command -v getarg >/dev/null || . /lib/dracut-lib.sh

# Prints how this system boots, from the command line alone: the order of the tests is part of the contract (2.4).
kairos_boot_state() {
    read -r kairos_cmdline </proc/cmdline
    case $kairos_cmdline in
        *kairos.ram*) echo active ;;
        *kairos.reset*) echo autoreset ;;
        *COS_ACTIVE*) echo active ;;
        *COS_PASSIVE*) echo passive ;;
        *COS_RECOVERY* | *COS_SYSTEM* | *recovery-mode*) echo recovery ;;
        *live:LABEL* | *live:CDLABEL* | *netboot*) echo live ;;
        *) echo unknown ;;
    esac
}

# Whether somebody else assembles the root: dracut's live support, or a person who has switched us off.
kairos_is_live() {
    read -r kairos_cmdline </proc/cmdline
    case " $kairos_cmdline " in
        *live:LABEL* | *live:CDLABEL* | *" netboot "*) return 0 ;;
    esac
    getargbool 0 rd.cos.disable || getargbool 0 rd.immucore.disable
}

# Prints the value of the first of some arguments that is on the command line.
kairos_arg() {
    for kairos_name in "$@"; do
        getarg "$kairos_name=" && return 0
    done
    return 1
}

# Waits for a filesystem label: kairos_wait_label LABEL SECONDS; prints the device.
kairos_wait_label() {
    kairos_tries=$(($2 * 10))
    while [ ! -e "/dev/disk/by-label/$1" ]; do
        [ "$kairos_tries" -gt 0 ] || return 1
        kairos_tries=$((kairos_tries - 1))
        sleep 0.1
    done
    readlink -f "/dev/disk/by-label/$1"
}

# Repairs what can be repaired without a question; a clean filesystem costs nothing.
kairos_fsck() {
    case $(blkid -o value -s TYPE "$1") in
        ext2 | ext3 | ext4)
            e2fsck -p "$1" >/run/cos/fsck.log 2>&1
            [ $? -lt 4 ] || warn "kairos: $1 has errors that need a person: $(cat /run/cos/fsck.log)"
            ;;
    esac
}

# "/var/log" → "var-log": how the contract names directories that stand for a path (2.6).
kairos_dashed() {
    kairos_path=${1#/}
    case $kairos_path in
        */*) echo "$kairos_path" | tr / - ;;
        *) echo "$kairos_path" ;;
    esac
}

# Reads KEY="value" lines of a file into kairos_KEY for the keys of the layout; nothing is evaluated.
kairos_read_layout() {
    [ -f "$1" ] || return 1
    while IFS='=' read -r kairos_key kairos_value || [ -n "$kairos_key" ]; do
        kairos_value=${kairos_value#[\"\']}
        kairos_value=${kairos_value%[\"\']}
        case $kairos_key in
            VOLUMES) kairos_VOLUMES=$kairos_value ;;
            OVERLAY) kairos_OVERLAY=$kairos_value ;;
            RW_PATHS) kairos_RW_PATHS=$kairos_value ;;
            PERSISTENT_STATE_PATHS) kairos_PERSISTENT="$kairos_PERSISTENT $kairos_value" ;;
            PERSISTENT_STATE_TARGET) kairos_TARGET=$kairos_value ;;
            CUSTOM_BIND_MOUNTS) kairos_PERSISTENT="$kairos_PERSISTENT $kairos_value" ;;
            CUSTOM_EPHEMERAL_MOUNTS) kairos_EPHEMERAL="$kairos_EPHEMERAL $kairos_value" ;;
        esac
    done <"$1"
}

# Runs a stage of the cloud-configs where the image has an agent; without one there is nothing to run.
# The stage "rootfs" runs outside of the root, but finds the configurations where they are inside of it (2.5).
kairos_stage() {
    [ -x "$NEWROOT/usr/bin/kairos-agent" ] || return 0
    case $1 in
        rootfs)
            for kairos_link in system oem; do
                [ -e "/$kairos_link" ] || ln -s "$NEWROOT/$kairos_link" "/$kairos_link"
            done
            "$NEWROOT/usr/bin/kairos-agent" run-stage "$1" >>/run/cos/stages.log 2>&1 ||
                warn "kairos: stage $1 failed; see /run/cos/stages.log"
            for kairos_link in system oem; do
                [ ! -L "/$kairos_link" ] || rm "/$kairos_link"
            done
            ;;
        *)
            for kairos_dir in dev proc sys run; do mount --rbind "/$kairos_dir" "$NEWROOT/$kairos_dir"; done
            chroot "$NEWROOT" /usr/bin/kairos-agent run-stage "$1" >>/run/cos/stages.log 2>&1 ||
                warn "kairos: stage $1 failed; see /run/cos/stages.log"
            for kairos_dir in dev proc sys run; do umount -R -l "$NEWROOT/$kairos_dir"; done
            ;;
    esac
}
