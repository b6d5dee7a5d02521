#!/bin/sh
# Copies the finished root to /kairos-sealed, without what the builder and the clock left in it: for other builders what
# "kairos-factory build" does itself after its engine (src/factory/image/root/seal.ts, which this must agree with). It is the last
# thing that runs in a context folder; the image is made of the copy alone. The tools of the root may be BusyBox's.
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
# Not in the copy: whatever is in that counts.
mark=$(mktemp)
touch -d "@$SOURCE_DATE_EPOCH" "$mark"
# All at once: hard links lead from one to another. BusyBox's loses extended attributes.
cp -a "$@" "$out/"
cd "$out"
# It also makes symbolic links as new as the copy; its touch -r would take the time of what they lead to.
# shellcheck disable=SC2016 # for the inner shell
find . -type l -newer "$mark" -exec /bin/sh -c 'for link; do touch -h -d "@$(stat -c %Y "/$link")" "$link"; done' sh '{}' +

# $1: mode; $2: directory whose content belongs to a running machine
empty() {
  if [ ! -d "$2" ] || [ -h "$2" ]; then return; fi
  find "$2" -mindepth 1 -maxdepth 1 -exec rm -rf '{}' +
  chmod "$1" "$2"
  touch -d "@$SOURCE_DATE_EPOCH" "$2"
}

# Builders mount files of their own over these.
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
rm -f "$mark"
