#!/bin/sh
# shellcheck disable=SC2154 # udhcpc sets the variables
# Called by udhcpc with what happened. The system configures the network anew once it runs.
case $1 in
    bound | renew)
        ip addr flush dev "$interface"
        ip addr add "$ip/${subnet:-24}" dev "$interface"
        for gateway in $router; do
            ip route add default via "$gateway" dev "$interface"
            break
        done
        for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
        ;;
esac
