#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# Drivers and device names. There is no udev: the kernel makes the nodes, each device names its driver in the file modalias,
# and the links in /dev/disk are made here, because stages and the agent use them.

# One name per line, from names separated by commas.
kairos_list() {
    printf '%s\n' "$1" | tr ',' '\n' | grep .
}

# Loads what every root needs, and the drivers of the devices that are there.
kairos_start_devices() {
    kairos_seen=
    kairos_probed=
    kairos_members=
    kairos_boot_disk=
    kairos_names=
    kairos_aliases=
    [ -z "$kairos_blocked" ] || kairos_list "$kairos_blocked" | sed 's/^/blacklist /' >/etc/modprobe.d/command-line.conf
    [ -z "$kairos_early" ] || kairos_list "$kairos_early" | xargs -r modprobe -a -q --
    modprobe -a -b -q loop ext4
    # A bus that a driver finds brings further devices.
    while kairos_load_drivers; do :; done
}

# Loads the drivers of devices that have appeared since the last call; fails if none has. The kernel counts its messages
# about devices, so that nothing is searched while nothing happens. All that is read is the list of each bus, and where the few
# devices without a bus are, by one program: the shell reads a file byte by byte.
kairos_load_drivers() {
    read -r kairos_events </sys/kernel/uevent_seqnum
    [ "$kairos_events" != "$kairos_seen" ] || return 1
    kairos_seen=$kairos_events
    # Some callers have patterns switched off.
    kairos_flags=$-
    set +f
    # A device may be gone by now.
    kairos_found=$(cat /sys/bus/*/devices/*/modalias /sys/class/input/*/modalias /sys/class/dmi/*/modalias \
        /sys/devices/system/cpu/modalias 2>/dev/null)
    set -f
    [ "$kairos_found" = "$kairos_names" ] || kairos_load_appeared
    case $kairos_flags in *f*) ;; *) set +f ;; esac
}

# Loads the drivers that kairos_found names, one device per line, and kairos_names did not.
kairos_load_appeared() {
    kairos_names=$kairos_found
    kairos_appeared=
    kairos_separators=$IFS
    IFS='
'
    for kairos_alias in $kairos_found; do
        # Some names describe firmware and contain spaces; no device does.
        case $kairos_alias in
            *[!!-~]* | *[\'\"\\]*) continue ;;
        esac
        case "$kairos_aliases " in
            *" $kairos_alias "*) ;;
            *)
                kairos_aliases="$kairos_aliases $kairos_alias"
                kairos_appeared="$kairos_appeared $kairos_alias"
                ;;
        esac
    done
    IFS=$kairos_separators
    # shellcheck disable=SC2086 # one word for each name
    [ -z "$kairos_appeared" ] || modprobe -a -b -q -- $kairos_appeared 2>/dev/null
}

# Makes the links in /dev/disk for the filesystems and partitions that are there.
kairos_probe_devices() {
    set --
    # Some callers have patterns switched off.
    kairos_flags=$-
    set +f
    for kairos_node in /sys/class/block/*; do
        kairos_node=${kairos_node##*/}
        case $kairos_node in
            loop* | ram* | zram* | fd* | nbd* | '*') ;;
            # The kernel has ! for / in these names.
            *!*) set -- "$@" "/dev/$(echo "$kairos_node" | tr '!' '/')" ;;
            *) set -- "$@" "/dev/$kairos_node" ;;
        esac
    done
    case $kairos_flags in *f*) set -f ;; esac
    [ $# -gt 0 ] || return 0
    blkid -c /dev/null -o export "$@" 2>/dev/null >/run/kairos-devices
    kairos_new_volumes=
    kairos_link_devices
    [ -z "$kairos_new_volumes" ] || kairos_activate_volumes
}

# Two disks with an installation have the same labels, and even the same GUIDs. The disk that the machine was started from
# keeps a name; while that is not known, the first one.
kairos_link_devices() {
    [ -e /run/kairos-devices ] || return 0
    while IFS= read -r kairos_line; do
        kairos_value=${kairos_line#*=}
        case $kairos_line in
            DEVNAME=*) kairos_node=$kairos_value ;;
            LABEL=*) kairos_name_device by-label ;;
            UUID=*) kairos_name_device by-uuid ;;
            PARTLABEL=*) kairos_name_device by-partlabel ;;
            PARTUUID=*) kairos_name_device by-partuuid ;;
            TYPE=linux_raid_member | TYPE=LVM2_member) kairos_add_member "$kairos_value" ;;
        esac
    done </run/kairos-devices
}

# Members of arrays and volume groups become devices by the image's own programs, where it has them. Only machines with such
# members start a program. What appears is found like any other device.
kairos_add_member() {
    case " $kairos_members " in *" $kairos_node "*) return ;; esac
    kairos_members="$kairos_members $kairos_node"
    if [ "$1" = LVM2_member ]; then
        kairos_new_volumes=yes
    elif command -v mdadm >/dev/null; then
        kairos_log "$(MDADM_NO_UDEV=1 mdadm --incremental "$kairos_node" 2>&1)"
    else
        kairos_warn "$kairos_node is part of a RAID, and the image has no mdadm"
    fi
}

# A volume group is complete when its last member appears, so each member is a reason to try again.
kairos_activate_volumes() {
    if ! command -v lvm >/dev/null; then
        kairos_warn "the disks have LVM volumes, and the image has no lvm"
        return
    fi
    modprobe -q dm_mod
    mkdir -p /run/lock/lvm
    kairos_log "$(lvm vgchange --sysinit --activate y \
        --config 'activation { udev_sync=0 udev_rules=0 } devices { use_devicesfile=0 obtain_device_list_from_udev=0 }' 2>&1)"
}

# Starts arrays without the members that have not appeared: their data is there, and waiting longer does not help.
kairos_start_degraded() {
    [ -n "$kairos_members" ] && command -v mdadm >/dev/null || return 0
    kairos_warn "$1 has not appeared: starting RAID arrays that lack a member"
    kairos_log "$(MDADM_NO_UDEV=1 mdadm --incremental --run --scan 2>&1)"
}

kairos_name_device() {
    # Names with other characters have another form in /dev/disk; udev adds them later.
    case $kairos_value in
        '' | *[!A-Za-z0-9#+.:=@_-]*) return ;;
    esac
    kairos_link=/dev/disk/$1/$kairos_value
    if [ -e "$kairos_link" ]; then
        # shellcheck disable=SC3013 # BusyBox, dash and bash have it; starting a program for each name would take long
        { kairos_on_boot_disk "$kairos_node" && [ ! "$kairos_link" -ef "$kairos_node" ]; } || return
        ! kairos_on_boot_disk "$(readlink -f "$kairos_link")" || return
    fi
    [ -d "/dev/disk/$1" ] || mkdir -p "/dev/disk/$1"
    ln -sfn "../../${kairos_node#/dev/}" "$kairos_link"
}

# kairos_on_boot_disk NODE: succeeds for the disk that the machine was started from, and its partitions.
kairos_on_boot_disk() {
    [ -n "$kairos_boot_disk" ] || return 1
    [ "${1#/dev/}" = "$kairos_boot_disk" ] || [ -e "/sys/class/block/$kairos_boot_disk/${1#/dev/}" ]
}

# Finds the disk that GRUB was loaded from. The menu names its state partition, which may be slower to appear than another
# disk with the same labels.
kairos_find_boot_disk() {
    [ -n "$kairos_state_uuid" ] || return 0
    if kairos_wait_device "UUID=$kairos_state_uuid" "$KAIROS_ROOT_TIMEOUT"; then
        kairos_boot_from "$kairos_device"
    else
        kairos_warn "the filesystem $kairos_state_uuid, which GRUB read the menu from, has not appeared: using any disk with the labels"
    fi
}

# kairos_boot_from NODE: from here on, names belong to the partitions of this disk: here, and for udev's links in the running
# system, also when another disk is attached later. Nothing distinguishes two copies of one disk.
kairos_boot_from() {
    [ -z "$kairos_boot_disk" ] || return 0
    kairos_boot_disk=${1#/dev/}
    if [ -e "/sys/class/block/$kairos_boot_disk/partition" ]; then
        kairos_boot_disk=$(readlink -f "/sys/class/block/$kairos_boot_disk/..")
        kairos_boot_disk=${kairos_boot_disk##*/}
    fi
    kairos_link_devices
    case $kairos_boot_disk in
        *[0-9]) kairos_pattern="${kairos_boot_disk}p[0-9]*" ;;
        *) kairos_pattern="${kairos_boot_disk}[0-9]*" ;;
    esac
    mkdir -p /run/udev/rules.d
    echo "SUBSYSTEM==\"block\", KERNEL==\"$kairos_pattern\", OPTIONS+=\"link_priority=200\"" \
        >/run/udev/rules.d/61-kairos-boot-disk.rules
    if [ -n "$kairos_state_uuid" ] && [ "$(grep -cxF "UUID=$kairos_state_uuid" /run/kairos-devices)" -gt 1 ]; then
        kairos_warn "another disk is a copy of $kairos_boot_disk: the system may use either; remove one, or install again from a live medium"
    fi
}

# kairos_wait_device SPEC SECONDS: sets kairos_device to the node of LABEL=…, UUID=…, …, or fails after SECONDS.
kairos_wait_device() {
    case $1 in
        LABEL=* | CDLABEL=*) kairos_device=/dev/disk/by-label/${1#*=} ;;
        UUID=*) kairos_device=/dev/disk/by-uuid/${1#*=} ;;
        PARTLABEL=*) kairos_device=/dev/disk/by-partlabel/${1#*=} ;;
        PARTUUID=*) kairos_device=/dev/disk/by-partuuid/${1#*=} ;;
        *) kairos_device=$1 ;;
    esac
    kairos_tries=$(($2 * 10))
    until [ -e "$kairos_device" ]; do
        while kairos_load_drivers; do :; done
        # A medium may become readable without a message, so all are looked at again each second.
        if [ "$kairos_probed" != "$kairos_seen" ] || [ $((kairos_tries % 10)) -eq 0 ]; then
            kairos_probed=$kairos_seen
            kairos_probe_devices
            [ ! -e "$kairos_device" ] || break
        fi
        [ "$kairos_tries" -gt 0 ] || return 1
        # Half of the time for the root; other waits are shorter.
        [ "$kairos_tries" -ne $((KAIROS_ROOT_TIMEOUT * 5)) ] || kairos_start_degraded "$1"
        kairos_tries=$((kairos_tries - 1))
        sleep 0.1
    done
    kairos_device=$(readlink -f "$kairos_device")
}
