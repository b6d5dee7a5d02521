#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# Functions for all parts: messages, the command line, mounting, chroot. All of it runs in the first process, so nothing
# calls exit, and programs are started only where the shell cannot do it itself.

KAIROS_RUN=/run/cos
KAIROS_STATE_DIR=/run/initramfs/cos-state
KAIROS_LOG_DIR=/run/immucore
# How long the root may take to appear, in seconds: an unattended machine should try its fallback soon.
KAIROS_ROOT_TIMEOUT=60

# Each message is in the kernel's log, which the journal keeps, and in this file.
KAIROS_LOG=/run/initramfs/kairos.log
# The time since the kernel started and the name of each step that is done, for docs/boot.md.
KAIROS_PROFILE=/run/initramfs/profile

# The kernel refuses records longer than a kilobyte, and the output of programs may be long.
kairos_info() {
    printf '<6>kairos: %.900s\n' "$*" >/dev/kmsg
    kairos_log "$*"
}

kairos_warn() {
    printf '<4>kairos: warning: %.900s\n' "$*" >/dev/kmsg
    kairos_log "warning: $*"
}

# Only for the file, which may be longer.
kairos_log() {
    [ -z "$1" ] || printf '%s\n' "$1" >>"$KAIROS_LOG"
}

# kairos_done STEP: notes that a step of the boot has ended. Starts no program.
kairos_done() {
    read -r kairos_uptime kairos_rest </proc/uptime
    printf '<6>kairos: step at %s s: %s\n' "$kairos_uptime" "$1" >/dev/kmsg
    printf '%s\t%s\n' "$kairos_uptime" "$1" >>"$KAIROS_PROFILE"
}

# Reads the kernel command line once into kairos_* variables. Upstream's names start with rd.immucore, older ones rd.cos.
kairos_read_cmdline() {
    kairos_image=
    kairos_root=
    kairos_state_uuid=
    kairos_oem_label=COS_OEM
    kairos_oem_timeout=5
    kairos_overlay=
    kairos_volumes=
    kairos_mode=ro
    kairos_disabled=
    kairos_debug=
    kairos_shell=yes
    kairos_emergency=
    kairos_break=
    kairos_init=
    kairos_root_type=
    kairos_root_options=
    kairos_root_mode=ro
    kairos_live_dir=LiveOS
    kairos_live_image=squashfs.img
    kairos_live_ram=
    kairos_blocked=
    kairos_early=
    kairos_digest=
    kairos_ips=
    kairos_vlans=
    kairos_bonds=
    kairos_ifnames=
    kairos_nameservers=
    kairos_proxy=
    kairos_bootif=
    read -r kairos_cmdline </proc/cmdline
    set -f
    kairos_word=
    for kairos_next in $kairos_cmdline; do
        kairos_word=${kairos_word:+$kairos_word }$kairos_next
        # Double quotes keep an argument with spaces together, as they do for the kernel.
        case $kairos_word in
            *\"*\"*)
                kairos_value=${kairos_word#*\"}
                kairos_word=${kairos_word%%\"*}${kairos_value%\"*}${kairos_word##*\"}
                ;;
            *\"*) continue ;;
        esac
        kairos_read_argument
        kairos_word=
    done
    # The quotes of the last argument were not closed.
    for kairos_word in $kairos_word; do kairos_read_argument; done
    set +f
}

# Reads kairos_word into the variable of its name.
kairos_read_argument() {
    kairos_value=${kairos_word#*=}
    case $kairos_word in
        cos-img/filename=*) kairos_image=$kairos_value ;;
        root=*) kairos_root=$kairos_value ;;
        kairos.state_uuid=*) kairos_state_uuid=$kairos_value ;;
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
        # dracut.cmdline(7)
        rd.debug) kairos_debug=yes ;;
        rd.shell=0 | rd.shell=no) kairos_shell= ;;
        rd.shell | rd.shell=1) kairos_shell=yes ;;
        rd.emergency=*) kairos_emergency=$kairos_value ;;
        rd.break) kairos_break=pre-pivot kairos_shell=yes ;;
        rd.break=*) kairos_break=$kairos_value kairos_shell=yes ;;
        rd.retry=*)
            case $kairos_value in
                '' | *[!0-9]*) kairos_warn "$kairos_word is not a number of seconds" ;;
                *) KAIROS_ROOT_TIMEOUT=$kairos_value ;;
            esac
            ;;
        rd.live.dir=*) kairos_live_dir=$kairos_value ;;
        rd.live.squashimg=*) kairos_live_image=$kairos_value ;;
        rd.live.sha256=*) kairos_digest=$kairos_value ;;
        ip=*) kairos_ips="$kairos_ips $kairos_value" ;;
        vlan=*) kairos_vlans="$kairos_vlans $kairos_value" ;;
        bond=*) kairos_bonds="$kairos_bonds ${kairos_value:-bond0}" ;;
        ifname=*) kairos_ifnames="$kairos_ifnames $kairos_value" ;;
        proxy=*) kairos_proxy=$kairos_value ;;
        nameserver=*) kairos_nameservers="$kairos_nameservers $kairos_value" ;;
        # 01-aa-bb-…, with the type of the hardware in front, as PXELINUX writes it.
        BOOTIF=*) kairos_bootif=$(echo "${kairos_value#01-}" | tr 'A-F-' 'a-f:') ;;
        rd.live.ram | rd.live.ram=1) kairos_live_ram=yes ;;
        # Names separated by commas; nothing else of these words is special to the shell here.
        rd.driver.blacklist=* | modprobe.blacklist=*) kairos_blocked="$kairos_blocked,$kairos_value" ;;
        rd.driver.pre=*) kairos_early="$kairos_early,$kairos_value" ;;
        init=*) kairos_init=$kairos_value ;;
        rootfstype=*) kairos_root_type=$kairos_value ;;
        rootflags=*) kairos_root_options=$kairos_value ;;
        ro | rw) kairos_root_mode=$kairos_word ;;
    esac
}

# kairos_mount OPTIONS DEVICE DIRECTORY: fails with the reason in kairos_report.
kairos_mount() {
    kairos_report=$(mount -o "$1" "$2" "$3" 2>&1) && return 0
    # BusyBox tries only the filesystems whose drivers are loaded.
    modprobe -q "$(blkid -c /dev/null -o value -s TYPE "$2")" || return 1
    kairos_report=$(mount -o "$1" "$2" "$3" 2>&1)
}

# kairos_attach ro|rw FILE: sets kairos_loop to the loop device with the file.
kairos_attach() {
    kairos_loop=$(losetup -f)
    case $1 in
        ro) losetup -r "$kairos_loop" "$2" ;;
        *) losetup "$kairos_loop" "$2" ;;
    esac
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
