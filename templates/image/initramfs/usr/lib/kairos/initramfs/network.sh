#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# The network of a boot over it, as dracut.cmdline(7) describes it: ip=, vlan=, bond=, ifname=, nameserver=, BOOTIF=. There is no
# udev, so interfaces have the names of the kernel; hardware addresses with dashes name them in every system. The system
# configures its network anew, by the same arguments.

kairos_start_network() {
    ip link set lo up
    # Addresses may contain brackets, which are patterns.
    set -f
    [ -n "$kairos_ips" ] || kairos_ips=dhcp
    for kairos_word in $kairos_ifnames; do kairos_name_card "$kairos_word"; done
    for kairos_word in $kairos_bonds; do kairos_make_bond "$kairos_word"; done
    for kairos_word in $kairos_vlans; do kairos_make_vlan "$kairos_word"; done
    for kairos_word in $kairos_ips; do kairos_configure "$kairos_word"; done
    for kairos_word in $kairos_nameservers; do kairos_add_nameserver "$kairos_word"; done
    set +f
}

# kairos_split VALUE: sets kairos_f1 to kairos_f9 to the fields between colons. Those of IPv6 addresses are in brackets.
kairos_split() {
    kairos_left=$1:
    for kairos_field in 1 2 3 4 5 6 7 8 9; do
        case $kairos_left in
            \[*)
                kairos_value=${kairos_left#?}
                kairos_left=${kairos_value#*]}
                kairos_value=${kairos_value%%]*}${kairos_left%%:*}
                ;;
            *) kairos_value=${kairos_left%%:*} ;;
        esac
        kairos_left=${kairos_left#*:}
        eval "kairos_f$kairos_field=\$kairos_value"
    done
}

# kairos_configure IP: one argument ip=.
kairos_configure() {
    kairos_split "$1"
    case $kairos_f1 in
        # A method alone, or an interface and its method; hardware addresses have dashes.
        dhcp | dhcp4 | single-dhcp | on | any | dhcp6 | auto | auto6 | either6) kairos_automatic '' "$kairos_f1" ;;
        none | off | link6 | ibft) kairos_warn "ip=$1 configures nothing here" ;;
        *:* | *.*.*.*) kairos_static ;;
        ?*) kairos_automatic "$kairos_f1" "$kairos_f2" "$kairos_f3" ;;
        *) kairos_automatic "$kairos_f6" "$kairos_f7" "$kairos_f8" ;;
    esac
}

# An address, from the fields ADDRESS:PEER:GATEWAY:NETMASK:HOST:INTERFACE:METHOD:DNS1 or MTU:DNS2.
kairos_static() {
    kairos_choose_card "$kairos_f6"
    kairos_family=-4
    case $kairos_f1 in *:*) kairos_family=-6 ;; esac
    case $kairos_f8 in
        '') ;;
        *.* | *:*)
            kairos_add_nameserver "$kairos_f8"
            [ -z "$kairos_f9" ] || kairos_add_nameserver "$kairos_f9"
            ;;
        *) ip link set "$kairos_card" mtu "$kairos_f8" ;;
    esac
    ip "$kairos_family" addr add "$kairos_f1${kairos_f4:+/$kairos_f4}" dev "$kairos_card" ||
        kairos_fail "$kairos_card cannot have the address $kairos_f1/$kairos_f4" "Correct ip= of the command line: ip=ADDRESS::GATEWAY:NETMASK."
    [ -z "$kairos_f3" ] || ip "$kairos_family" route add default via "$kairos_f3" dev "$kairos_card" ||
        kairos_warn "the gateway $kairos_f3 cannot be reached from $kairos_f1/$kairos_f4"
    kairos_done "network on $kairos_card"
}

# kairos_automatic INTERFACE METHOD [MTU]: without an interface, the first card with a link.
kairos_automatic() {
    kairos_method=$2
    kairos_mtu=$3
    kairos_choose_card "$1"
    [ -z "$kairos_mtu" ] || ip link set "$kairos_card" mtu "$kairos_mtu"
    case $kairos_method in
        none | off | link6 | '') return ;;
        dhcp6 | auto6 | either6)
            # The kernel configures itself by what routers announce.
            kairos_tries=40
            until ip -6 addr show dev "$kairos_card" scope global | grep -q inet6; do
                [ "$kairos_tries" -gt 0 ] ||
                    kairos_fail "no router announces a network on $kairos_card" "Check the cable and the router, or give ip=[ADDRESS]::[GATEWAY]:64::INTERFACE:none."
                kairos_tries=$((kairos_tries - 1))
                sleep 0.5
            done
            ;;
        *)
            udhcpc -q -n -f -i "$kairos_card" -t 10 -T 2 -s /lib/kairos/dhcp.sh >>"$KAIROS_LOG" 2>&1 ||
                kairos_fail "no DHCP server answers on $kairos_card" "Check the cable and the server, or give ip=ADDRESS::GATEWAY:NETMASK."
            ;;
    esac
    kairos_done "network on $kairos_card"
}

kairos_add_nameserver() {
    kairos_value=${1#[}
    echo "nameserver ${kairos_value%]}" >>/etc/resolv.conf
}

# kairos_choose_card [INTERFACE]: waits for the interface, or for a card with a link; sets kairos_card to it, and switches it on.
kairos_choose_card() {
    if [ -n "$1" ]; then
        kairos_need_card "$1"
        ip link set "$kairos_card" up
        return
    fi
    kairos_tries=$((KAIROS_ROOT_TIMEOUT * 2))
    until kairos_find_card; do
        while kairos_load_drivers; do :; done
        [ "$kairos_tries" -gt 0 ] ||
            kairos_fail "no network card has a link" "Check the cable, that the boot loader reads the archive with the drivers of network cards, too, and that it has the driver of this card."
        kairos_tries=$((kairos_tries - 1))
        sleep 0.5
    done
    # The system uses the same card for arguments that name none.
    [ ! -r "/sys/class/net/$kairos_card/address" ] || cat "/sys/class/net/$kairos_card/address" >/run/initramfs/network-card
}

# Sets kairos_card to the first card with a link: BOOTIF= (the address that the firmware booted from) chooses, if it is given.
kairos_find_card() {
    set +f
    for kairos_card in /sys/class/net/*; do
        kairos_card=${kairos_card##*/}
        case $kairos_card in lo | '*' | bonding_masters) continue ;; esac
        if [ -n "$kairos_bootif" ]; then
            read -r kairos_address <"/sys/class/net/$kairos_card/address"
            [ "$kairos_address" = "$kairos_bootif" ] || continue
        fi
        ip link set "$kairos_card" up
        # Reading fails while the card is down.
        read -r kairos_carrier 2>/dev/null <"/sys/class/net/$kairos_card/carrier" || continue
        if [ "$kairos_carrier" = 1 ]; then
            set -f
            return 0
        fi
    done
    set -f
    return 1
}

# kairos_need_card INTERFACE: waits for an interface by its name or hardware address, and sets kairos_card to its name. If the
# machine has a single card, that one is meant after ten seconds: the system may give it another name than the kernel.
kairos_need_card() {
    kairos_tries=0
    until kairos_see_card "$1"; do
        while kairos_load_drivers; do :; done
        if [ "$kairos_tries" -ge 20 ] || [ "$kairos_tries" -ge "$KAIROS_ROOT_TIMEOUT" ]; then
            kairos_list_cards
            case $kairos_cards in
                '' | *' '*' '*) ;;
                *)
                    kairos_card=${kairos_cards# }
                    kairos_warn "there is no network interface $1; $kairos_card is the only one"
                    return
                    ;;
            esac
        fi
        [ "$kairos_tries" -lt "$((KAIROS_ROOT_TIMEOUT * 2))" ] ||
            kairos_fail "there is no network interface $1; there are:$kairos_cards" "Interfaces have the names of the kernel here: give the hardware address with dashes instead, or ifname=NAME:ADDRESS."
        kairos_tries=$((kairos_tries + 1))
        sleep 0.5
    done
}

# Sets kairos_cards to the names of all cards, each with a space before it. Links that are made of others have no device.
kairos_list_cards() {
    set +f
    kairos_cards=
    for kairos_card in /sys/class/net/*; do
        case ${kairos_card##*/} in
            eth* | en*) ;;
            *) [ -e "$kairos_card/device" ] || continue ;;
        esac
        kairos_cards="$kairos_cards ${kairos_card##*/}"
    done
    set -f
}

# Sets kairos_card to an interface that is there, by its name or hardware address.
kairos_see_card() {
    kairos_card=$1
    case $1 in
        ??-??-??-??-??-??) kairos_card_with "$(echo "$1" | tr 'A-F-' 'a-f:')" ;;
        *) [ -d "/sys/class/net/$1" ] ;;
    esac
}

# kairos_card_with ADDRESS: sets kairos_card to the card with a hardware address.
kairos_card_with() {
    kairos_list_cards
    for kairos_card in $kairos_cards; do
        [ -r "/sys/class/net/$kairos_card/address" ] || continue
        read -r kairos_address <"/sys/class/net/$kairos_card/address"
        [ "$kairos_address" != "$1" ] || return 0
    done
    return 1
}

# kairos_name_card NAME:ADDRESS
kairos_name_card() {
    kairos_need_card "$(echo "${1#*:}" | tr 'A-F:' 'a-f-')"
    [ "$kairos_card" = "${1%%:*}" ] || ip link set "$kairos_card" name "${1%%:*}"
}

# kairos_make_vlan NAME:INTERFACE: the id is at the end of the name.
kairos_make_vlan() {
    kairos_vlan=${1%%:*}
    kairos_id=${kairos_vlan##*[!0-9]}
    while [ "${#kairos_id}" -gt 1 ] && [ "${kairos_id#0}" != "$kairos_id" ]; do kairos_id=${kairos_id#0}; done
    modprobe -q 8021q
    kairos_need_card "${1#*:}"
    ip link set "$kairos_card" up
    ip link add link "$kairos_card" name "$kairos_vlan" type vlan id "$kairos_id" ||
        kairos_fail "the VLAN $1 cannot be made" "Correct vlan= of the command line: vlan=vlan5:INTERFACE."
}

# kairos_make_bond NAME:INTERFACES:OPTIONS:MTU
kairos_make_bond() {
    kairos_split "$1"
    kairos_bond=${kairos_f1:-bond0}
    kairos_members=$(echo "${kairos_f2:-eth0,eth1}" | tr ',' ' ')
    kairos_options=$(echo "${kairos_f3:-mode=balance-rr}" | tr ',' ' ')
    kairos_mtu=$kairos_f4
    modprobe -q bonding max_bonds=0
    echo "+$kairos_bond" >/sys/class/net/bonding_masters ||
        kairos_fail "the bond $kairos_bond cannot be made" "Check that the archive with the drivers of network cards has the module bonding."
    kairos_primary=
    # The mode comes first: it decides which of the other options the driver accepts.
    for kairos_option in $kairos_options; do
        case $kairos_option in mode=*) kairos_set_bond "$kairos_option" ;; esac
    done
    for kairos_option in $kairos_options; do
        case $kairos_option in
            mode=*) ;;
            primary=*) kairos_primary=$kairos_option ;;
            arp_ip_target=*) for kairos_value in $(echo "${kairos_option#*=}" | tr ';' ' '); do kairos_set_bond "arp_ip_target=+$kairos_value"; done ;;
            *) kairos_set_bond "$kairos_option" ;;
        esac
    done
    for kairos_member in $kairos_members; do
        kairos_need_card "$kairos_member"
        ip link set "$kairos_card" down
        echo "+$kairos_card" >"/sys/class/net/$kairos_bond/bonding/slaves" ||
            kairos_warn "$kairos_card cannot join $kairos_bond"
    done
    [ -z "$kairos_primary" ] || kairos_set_bond "$kairos_primary"
    [ -z "$kairos_mtu" ] || ip link set "$kairos_bond" mtu "$kairos_mtu"
    ip link set "$kairos_bond" up
}

# kairos_set_bond OPTION=VALUE
kairos_set_bond() {
    echo "${1#*=}" >"/sys/class/net/$kairos_bond/bonding/${1%%=*}" || kairos_warn "$kairos_bond does not accept $1"
}
