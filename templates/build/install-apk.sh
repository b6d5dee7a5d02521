#!/bin/sh
# Installs the packages of the flavor with apk. Runs inside the image build, in BusyBox's shell and with its tools;
# everything it reads stands beside it:
#   packages             one name per line
#   repository-packages  packages that bring keys and repositories, installed first, one per line
#   repositories         names of parts of the archive, such as community, that the base may have switched off, one per line
#   pins                 where there is one: versions to prefer to all others, NAME ARCH VERSION, one package per line
#   source-date-epoch    seconds since 1970, or empty: then the date of the newest package that the archive has
set -eu

here=$(dirname "$0")

# mkinitfs, which other packages may bring, and dracut's own trigger would make an initramfs before our configuration is
# complete; it is made once, at the end.
mkdir -p /etc/mkinitfs
echo 'disable_trigger="YES"' >/etc/mkinitfs/mkinitfs.conf

# An archive is there, commented out or not, with the address of the others; else it is made from main's.
while read -r repository; do
  [ -n "$repository" ] || continue
  if grep -q "^[^#].*/$repository\$" /etc/apk/repositories; then continue; fi
  address=$(sed -n 's,^\([^#].*\)/main$,\1,p' /etc/apk/repositories | head -n 1)
  if [ -z "$address" ]; then
    echo "/etc/apk/repositories has no archive main, from which the address of $repository would follow" >&2
    exit 1
  fi
  echo "$address/$repository" >>/etc/apk/repositories
done <"$here/repositories"

apk -q update
if [ -s "$here/repository-packages" ]; then
  xargs apk -q add <"$here/repository-packages"
  apk -q update
fi

# What the build stamps on files: when the newest package of the archive was built, so that the same archive gives the
# same image on any day. The index is a tar in two gzip members, the signature and the lists ("t:" is a package's time).
epoch=$(cat "$here/source-date-epoch")
if [ -z "$epoch" ]; then
  for index in /var/cache/apk/APKINDEX.*.tar.gz /etc/apk/cache/APKINDEX.*.tar.gz; do
    [ -f "$index" ] || continue
    seconds=$(gzip -dc "$index" | tar -xOf - APKINDEX | sed -n 's/^t:\([0-9]*\)$/\1/p' | sort -n | tail -n 1)
    if [ "${seconds:-0}" -gt "${epoch:-0}" ]; then epoch=$seconds; fi
  done
fi
if [ -z "$epoch" ]; then
  echo "no package archive tells its date; set SOURCE_DATE_EPOCH" >&2
  exit 1
fi
mkdir -p /usr/lib/kairos
echo "$epoch" >/usr/lib/kairos/source-date-epoch
export SOURCE_DATE_EPOCH="$epoch"

# The wanted versions that the archive has hold as long as a package of ours asks for them; it goes again below, and what
# is installed then stays as it is.
if [ -s "$here/pins" ]; then
  for index in /var/cache/apk/APKINDEX.*.tar.gz /etc/apk/cache/APKINDEX.*.tar.gz; do
    [ -f "$index" ] || continue
    gzip -dc "$index" | tar -xOf - APKINDEX | sed -n -e 's/^P://p' -e 's/^V://p' | paste -d ' ' - -
  done >"$here/available"
  # In the index, the version stands after the name.
  awk 'FNR == NR { has[$1 " " $2] = 1; next } ($1 " " $3) in has { print $1 "=" $3 }' "$here/available" "$here/pins" \
    >"$here/wanted"
  if [ -s "$here/wanted" ]; then xargs apk -q add --virtual .kairos-pins <"$here/wanted"; fi
fi

xargs apk -q add <"$here/packages"
if [ -s "$here/wanted" ]; then apk -q del .kairos-pins; fi

rm -rf /var/cache/apk/* /etc/apk/cache /usr/share/man/* /usr/share/info/*
