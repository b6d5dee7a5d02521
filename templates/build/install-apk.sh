#!/bin/sh
# Installs the packages of the flavor with apk. Runs inside the image build, in BusyBox's shell and with its tools.
# Reads from its directory:
#   packages             one name per line
#   repository-packages  packages that add keys and repositories, installed first, one per line
#   repositories         parts of the archive, such as community, that may be disabled in the base, one per line
#   pins                 optional: versions to prefer to all others, NAME ARCH VERSION, one package per line
#   source-date-epoch    a Unix timestamp; if empty, the date of the newest package in the archive is used
set -eu

here=$(dirname "$0")

# mkinitfs, which the kernel's package needs, would generate an initramfs that nobody uses; ours is made once, at the end.
mkdir -p /etc/mkinitfs
echo 'disable_trigger="YES"' >/etc/mkinitfs/mkinitfs.conf

# A missing or commented-out repository is added with the address of main.
while read -r repository; do
  [ -n "$repository" ] || continue
  if grep -q "^[^#].*/$repository\$" /etc/apk/repositories; then continue; fi
  address=$(sed -n 's,^\([^#].*\)/main$,\1,p' /etc/apk/repositories | head -n 1)
  if [ -z "$address" ]; then
    echo "/etc/apk/repositories has no repository main, from which the address of $repository is derived" >&2
    exit 1
  fi
  echo "$address/$repository" >>/etc/apk/repositories
done <"$here/repositories"

apk -q update
if [ -s "$here/repository-packages" ]; then
  xargs apk -q add <"$here/repository-packages"
  apk -q update
fi

# The timestamp of the image's files is the build time of the newest package in the archive, so that the same archive gives
# the same image on any day. The index is a tar in two gzip members, the signature and the lists ("t:" is a package's time).
epoch=$(cat "$here/source-date-epoch")
if [ -z "$epoch" ]; then
  for index in /var/cache/apk/APKINDEX.*.tar.gz /etc/apk/cache/APKINDEX.*.tar.gz; do
    [ -f "$index" ] || continue
    seconds=$(gzip -dc "$index" | tar -xOf - APKINDEX | sed -n 's/^t:\([0-9]*\)$/\1/p' | sort -n | tail -n 1)
    if [ "${seconds:-0}" -gt "${epoch:-0}" ]; then epoch=$seconds; fi
  done
fi
if [ -z "$epoch" ]; then
  echo "no package archive states its date; set SOURCE_DATE_EPOCH" >&2
  exit 1
fi
mkdir -p /usr/lib/kairos
echo "$epoch" >/usr/lib/kairos/source-date-epoch
export SOURCE_DATE_EPOCH="$epoch"

# A virtual package requires the pinned versions that the archive has. It is removed below, and the installed versions stay.
if [ -s "$here/pins" ]; then
  for index in /var/cache/apk/APKINDEX.*.tar.gz /etc/apk/cache/APKINDEX.*.tar.gz; do
    [ -f "$index" ] || continue
    gzip -dc "$index" | tar -xOf - APKINDEX | sed -n -e 's/^P://p' -e 's/^V://p' | paste -d ' ' - -
  done >"$here/available"
  # In the index, the version follows the name.
  awk 'FNR == NR { has[$1 " " $2] = 1; next } ($1 " " $3) in has { print $1 "=" $3 }' "$here/available" "$here/pins" \
    >"$here/wanted"
  if [ -s "$here/wanted" ]; then xargs apk -q add --virtual .kairos-pins <"$here/wanted"; fi
fi

xargs apk -q add <"$here/packages"
if [ -s "$here/wanted" ]; then apk -q del .kairos-pins; fi

rm -rf /var/cache/apk/* /etc/apk/cache /usr/share/man/* /usr/share/info/*

# The name of an iSCSI initiator, which its package made up: two of one name corrupt a volume. A node makes its own
# (src/agent/stages/builtin/initiator-name.ts).
rm -f /etc/iscsi/initiatorname.iscsi
