#!/bin/sh
# Copies the finished root to /kairos-sealed, without the traces of the builder and the clock. For other builders, this is what
# "kairos-factory build" does itself after its engine (src/factory/image/root/seal.ts; keep both in step). It runs last in a
# context folder; the image is made only from the copy. The tools of the root may be BusyBox's.
set -eu

out=/kairos-sealed
SOURCE_DATE_EPOCH=$(cat /usr/lib/kairos/source-date-epoch)
rm -rf "${0%/*/*}" "$out"
mkdir "$out"
set --
for path in /* /.[!.]* /..?*; do
  # A pattern that matches nothing stands for itself.
  if [ ! -e "$path" ] && [ ! -h "$path" ]; then continue; fi
  case $path in
    "$out" | /.dockerenv) continue ;;
    /dev | /proc | /sys | /run | /tmp) if [ ! -h "$path" ]; then mkdir "$out$path"; continue; fi ;;
  esac
  set -- "$@" "$path"
done
# Outside the copy, because everything in the copy becomes part of the image.
mark=$(mktemp)
touch -d "@$SOURCE_DATE_EPOCH" "$mark"
first=$(mktemp)
touch -d @0 "$first"
# All in one call, to preserve hard links. BusyBox's cp loses extended attributes.
cp -a "$@" "$out/"
cd "$out"
# BusyBox's cp also gives symbolic links the time of the copy; its touch -r would use the time of their targets.
# shellcheck disable=SC2016 # for the inner shell
find . -type l -newer "$mark" -exec /bin/sh -c 'for link; do touch -h -d "@$(stat -c %Y "/$link")" "$link"; done' sh '{}' +

# $1: mode; $2: a directory that only a running machine fills
empty() {
  if [ ! -d "$2" ] || [ -h "$2" ]; then return; fi
  find "$2" -mindepth 1 -maxdepth 1 -exec rm -rf '{}' +
  chmod "$1" "$2"
  touch -d "@$SOURCE_DATE_EPOCH" "$2"
}

# Builders mount their own files over these.
rm -rf etc/hostname etc/hosts etc/mtab etc/resolv.conf
: >etc/hostname
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >etc/hosts
chmod 0644 etc/hostname etc/hosts
ln -s ../proc/self/mounts etc/mtab
empty 0755 dev
empty 0555 proc
empty 0555 sys
empty 0755 run
empty 1777 tmp
empty 1777 var/tmp

find . -newer "$mark" -exec touch -h -d "@$SOURCE_DATE_EPOCH" '{}' +
find . ! -newer "$first" -exec touch -h -d @0 '{}' +
rm -f "$mark" "$first"
