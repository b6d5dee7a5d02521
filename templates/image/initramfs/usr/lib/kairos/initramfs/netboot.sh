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
    # BusyBox reads only this name, and only for http.
    [ -z "$kairos_proxy" ] || export http_proxy="$kairos_proxy"
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
