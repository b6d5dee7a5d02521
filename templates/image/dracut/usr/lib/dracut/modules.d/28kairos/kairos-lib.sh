#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts, and with dracut
# Functions for all parts: messages, the command line, waiting for a device, chroot. All of it runs in dracut's init, so
# names start with kairos_, nothing calls exit, and programs are started only where the shell cannot do it itself.

KAIROS_RUN=/run/cos
KAIROS_STATE_DIR=/run/initramfs/cos-state
KAIROS_LOG_DIR=/run/immucore

# The kernel refuses records longer than a kilobyte, and the output of programs may be long.
kairos_info() {
    printf '<6>kairos: %.900s\n' "$*" >/dev/kmsg
}

kairos_warn() {
    printf '<4>kairos: warning: %.900s\n' "$*" >/dev/kmsg
}

# kairos_fail WHAT REMEDY: stops the boot. Does not return.
kairos_fail() {
    mkdir -p "$KAIROS_LOG_DIR"
    printf '%s\n%s\n' "$1" "$2" >"$KAIROS_LOG_DIR/boot_failure.log"
    printf '<3>kairos: %.900s\n' "$1" >/dev/kmsg
    printf '<3>kairos: %.900s\n' "$2" >/dev/kmsg
    die "$1"
}

# Reads the kernel command line once into kairos_* variables. Upstream's names start with rd.immucore, older ones rd.cos.
kairos_read_cmdline() {
    kairos_image=
    kairos_root=
    kairos_oem_label=COS_OEM
    kairos_oem_timeout=5
    kairos_overlay=
    kairos_volumes=
    kairos_mode=ro
    kairos_disabled=
    read -r kairos_cmdline </proc/cmdline
    set -f
    for kairos_word in $kairos_cmdline; do
        kairos_value=${kairos_word#*=}
        case $kairos_word in
            cos-img/filename=*) kairos_image=$kairos_value ;;
            root=*) kairos_root=$kairos_value ;;
            rd.cos.oemlabel=* | rd.immucore.oemlabel=*) kairos_oem_label=$kairos_value ;;
            rd.cos.oemtimeout=* | rd.immucore.oemtimeout=*)
                case $kairos_value in
                    '' | *[!0-9]*) kairos_warn "$kairos_word is not a number of seconds" ;;
                    *) kairos_oem_timeout=$kairos_value ;;
                esac
                ;;
            rd.cos.overlay=* | rd.immucore.overlay=*) kairos_overlay=$kairos_value ;;
            rd.cos.mount=* | rd.immucore.mount=*) kairos_volumes="$kairos_volumes $kairos_value" ;;
            rd.cos.debugrw | rd.immucore.debugrw) kairos_mode=rw ;;
            rd.cos.disable | rd.immucore.disable) kairos_disabled=yes ;;
        esac
    done
    set +f
}

# kairos_wait_device SPEC SECONDS: sets kairos_device to the node of LABEL=…, UUID=…, … or fails after SECONDS. The node, not
# the link: udev removes links for a moment while it probes a changed device, as after a repair or growth.
kairos_wait_device() {
    case $1 in
        LABEL=*) kairos_device=/dev/disk/by-label/${1#*=} ;;
        UUID=*) kairos_device=/dev/disk/by-uuid/${1#*=} ;;
        PARTLABEL=*) kairos_device=/dev/disk/by-partlabel/${1#*=} ;;
        PARTUUID=*) kairos_device=/dev/disk/by-partuuid/${1#*=} ;;
        *) kairos_device=$1 ;;
    esac
    kairos_tries=$(($2 * 10))
    until [ -e "$kairos_device" ]; do
        [ "$kairos_tries" -gt 0 ] || return 1
        kairos_tries=$((kairos_tries - 1))
        sleep 0.1
    done
    kairos_device=$(readlink -f "$kairos_device")
}

# kairos_mount OPTIONS DEVICE DIRECTORY: fails with the reason in kairos_report. udev may have the device open at that
# moment, so a failure counts only after udev has settled.
kairos_mount() {
    kairos_report=$(mount -o "$1" "$2" "$3" 2>&1) && return 0
    udevadm settle --timeout=30
    kairos_report=$(mount -o "$1" "$2" "$3" 2>&1)
}

# Repairs an ext filesystem before it is mounted for writing. Nobody is at the console to answer questions, so errors
# that preening leaves are repaired without asking; other filesystems are left to mount.
kairos_repair() {
    kairos_report=$(e2fsck -p "$1" 2>&1)
    kairos_result=$?
    if [ "$kairos_result" -eq 4 ]; then
        kairos_warn "$1 has errors that e2fsck does not repair automatically; repairing all of them"
        mkdir -p "$KAIROS_LOG_DIR"
        e2fsck -y "$1" >"$KAIROS_LOG_DIR/e2fsck-${1##*/}.log" 2>&1
        kairos_result=$?
    fi
    case $kairos_result in
        0) ;;
        1 | 2) kairos_info "$1 was repaired: $kairos_report" ;;
        *) kairos_warn "e2fsck of $1 ended with $kairos_result: $kairos_report" ;;
    esac
}

# Gives the image's programs access to devices and kernel. Bind-mounted once, unmounted before the root is switched.
kairos_open_chroot() {
    [ -z "$kairos_chroot" ] || return 0
    for kairos_dir in dev proc sys run; do
        mount --rbind "/$kairos_dir" "$NEWROOT/$kairos_dir"
    done
    kairos_chroot=open
}

kairos_close_chroot() {
    [ -n "$kairos_chroot" ] || return 0
    # Lazily, because this detaches the whole tree below each.
    umount -l "$NEWROOT/run" "$NEWROOT/sys" "$NEWROOT/proc" "$NEWROOT/dev"
    kairos_chroot=
}

# Succeeds if the image has the program. Does not start one.
kairos_image_has() {
    [ -x "$NEWROOT/usr/bin/$1" ] || [ -x "$NEWROOT/usr/sbin/$1" ] || [ -x "$NEWROOT/bin/$1" ] || [ -x "$NEWROOT/sbin/$1" ]
}
