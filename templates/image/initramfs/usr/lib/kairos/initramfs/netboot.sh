#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# A squashfs from a web server becomes the root, writable in RAM. The drivers of network cards are in an archive of their own,
# which the boot loader adds to the initramfs. The file is mounted only when it has the expected digest: that of the command
# line (rd.live.sha256=), or of the file /etc/kairos/root.sha256, which a further archive may add.

# How often a download is tried; a switch may take half a minute to forward packets.
KAIROS_DOWNLOADS=5

kairos_mount_netboot() {
    kairos_url=${kairos_root#live:}
    [ -n "$kairos_digest" ] || [ ! -r /etc/kairos/root.sha256 ] || read -r kairos_digest kairos_rest </etc/kairos/root.sha256
    [ -n "$kairos_digest" ] ||
        kairos_fail "the SHA-256 of $kairos_url is not known" "Add rd.live.sha256=DIGEST to the command line, or the file /etc/kairos/root.sha256 in a further archive of the initramfs."
    modprobe -a -q squashfs af_packet
    kairos_start_network
    kairos_file=/run/initramfs/root.squashfs
    kairos_tries=$KAIROS_DOWNLOADS
    until wget -q -O "$kairos_file" "$kairos_url" 2>>"$KAIROS_LOG"; do
        kairos_tries=$((kairos_tries - 1))
        [ "$kairos_tries" -gt 0 ] ||
            kairos_fail "cannot download $kairos_url: $(tail -n 1 "$KAIROS_LOG")" "Check the address, the server, and that the machine has more memory than the file is large."
        sleep 2
    done
    kairos_done 'the root is downloaded'
    kairos_found=$(sha256sum "$kairos_file")
    if [ "${kairos_found%% *}" != "$kairos_digest" ]; then
        rm -f "$kairos_file"
        kairos_fail "$kairos_url has the SHA-256 ${kairos_found%% *}; expected is $kairos_digest" "Put kernel, initrd and squashfs of the same build on the server."
    fi
    kairos_mount_squashfs "The file on the server may be of another build."
    kairos_info "root is $kairos_url"
}

# Configures the first card with a link by DHCP, or as ip=ADDRESS::GATEWAY:NETMASK says (dracut.cmdline(7)).
kairos_start_network() {
    kairos_tries=$((KAIROS_ROOT_TIMEOUT * 2))
    until kairos_find_card; do
        while kairos_load_drivers; do :; done
        [ "$kairos_tries" -gt 0 ] ||
            kairos_fail "no network card has a link" "Check the cable, that the boot loader reads the archive with the drivers of network cards, too, and that it has the driver of this card."
        kairos_tries=$((kairos_tries - 1))
        sleep 0.5
    done
    ip link set lo up
    case $kairos_ip in
        *:*:*:*)
            kairos_address=${kairos_ip%%:*}
            kairos_rest=${kairos_ip#*:*:}
            kairos_gateway=${kairos_rest%%:*}
            kairos_rest=${kairos_rest#*:}
            ip addr add "$kairos_address/${kairos_rest%%:*}" dev "$kairos_card"
            [ -z "$kairos_gateway" ] || ip route add default via "$kairos_gateway"
            for kairos_word in $kairos_nameservers; do echo "nameserver $kairos_word"; done >/etc/resolv.conf
            ;;
        *)
            udhcpc -q -n -f -i "$kairos_card" -t 10 -T 2 -s /lib/kairos/dhcp.sh >>"$KAIROS_LOG" 2>&1 ||
                kairos_fail "no DHCP server answers on $kairos_card" "Check the cable and the server, or give ip=ADDRESS::GATEWAY:NETMASK."
            ;;
    esac
    kairos_done "network on $kairos_card"
}

# Sets kairos_card to the first card with a link: BOOTIF= (the address that the firmware booted from) chooses, if it is given.
kairos_find_card() {
    for kairos_card in /sys/class/net/*; do
        kairos_card=${kairos_card##*/}
        case $kairos_card in lo | '*') continue ;; esac
        if [ -n "$kairos_bootif" ]; then
            read -r kairos_address <"/sys/class/net/$kairos_card/address"
            [ "$kairos_address" = "$kairos_bootif" ] || continue
        fi
        ip link set "$kairos_card" up
        # Reading fails while the card is down.
        read -r kairos_carrier 2>/dev/null <"/sys/class/net/$kairos_card/carrier" || continue
        [ "$kairos_carrier" != 1 ] || return 0
    done
    return 1
}
