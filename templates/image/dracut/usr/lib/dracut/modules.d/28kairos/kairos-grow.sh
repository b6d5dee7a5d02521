#!/bin/sh
# Grows the last partition of a disk to the disk's end. Sourced.

# Below this many 512-byte sectors (16 MiB) growing is not worth a write to the partition table.
KAIROS_GROW_LEAST=32768

# kairos_grow DEVICE: prints "grown" when the partition has become larger; its filesystem has then to follow.
# A power cut in between is harmless: the table is written whole, and the next boot goes on where this one ended.
kairos_grow() {
    kairos_node=${1##*/}
    kairos_sys=$(readlink -f "/sys/class/block/$kairos_node")
    [ -e "$kairos_sys/partition" ] || return 0
    read -r kairos_number <"$kairos_sys/partition"
    read -r kairos_start <"$kairos_sys/start"
    read -r kairos_size <"$kairos_sys/size"
    kairos_parent=${kairos_sys%/*}
    read -r kairos_total <"$kairos_parent/size"
    [ $((kairos_total - kairos_start - kairos_size)) -gt $KAIROS_GROW_LEAST ] || return 0
    for kairos_other in "$kairos_parent"/*/start; do
        read -r kairos_after <"$kairos_other"
        [ "$kairos_after" -le "$kairos_start" ] || return 0
    done
    kairos_disk=/dev/${kairos_parent##*/}
    # Other partitions of the disk are mounted, so the kernel cannot read the table anew; partx tells it of this one.
    sfdisk --no-reread --no-tell-kernel --quiet --relocate gpt-bak-std "$kairos_disk" >/run/cos/grow.log 2>&1
    echo ', +' | sfdisk --no-reread --no-tell-kernel --quiet -N "$kairos_number" "$kairos_disk" >>/run/cos/grow.log 2>&1 || {
        warn "kairos: cannot grow $1: $(cat /run/cos/grow.log)"
        return 0
    }
    partx --update --nr "$kairos_number" "$kairos_disk" >>/run/cos/grow.log 2>&1
    info "kairos: $1 has grown to the end of $kairos_disk"
}

# kairos_grow_filesystem DEVICE: makes a mounted ext4 as large as its partition; nothing happens when it is.
kairos_grow_filesystem() {
    resize2fs "$1" >>/run/cos/grow.log 2>&1 || warn "kairos: cannot grow the filesystem on $1: $(cat /run/cos/grow.log)"
}
