#!/bin/sh
# Installs the packages of the flavor. Runs inside the image build. Reads from its directory:
#   packages             one name per line
#   components           components of Debian's archive to enable in addition to those of the base, one per line
#   repository-packages  packages that add repositories, installed before all others, one per line
#   repositories         empty: apt has no disabled repositories
#   dpkg-lean.cfg        the files of packages that are not installed
#   pins                 optional: versions to prefer to all others, NAME ARCH VERSION, one package per line
#   snapshot             optional: a sources.list(5) of a snapshot, which replaces the base's own
#   source-date-epoch    a Unix timestamp; if empty, the date of the package archive is used
set -eu

here=$(dirname "$0")
export DEBIAN_FRONTEND=noninteractive
# Hooks of the kernel's package would generate an initramfs that nobody uses; ours is made once, at the end.
export INITRD=No

mkdir -p /etc/dpkg/dpkg.cfg.d
cp "$here/dpkg-lean.cfg" /etc/dpkg/dpkg.cfg.d/90kairos-lean

while read -r component; do
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -f "$file" ] || sed -i -E "/^deb .* main( |\$)/{/ $component( |\$)/!s/\$/ $component/}" "$file"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$file" ] || sed -i -E "/^Components:.* main( |\$)/{/ $component( |\$)/!s/\$/ $component/}" "$file"
  done
done <"$here/components"

if [ -s "$here/repositories" ]; then
  echo "apt has no repositories to enable; name packages that add them" >&2
  exit 1
fi
# Separate from the image's own configuration, so that nothing of it remains. A priority above 1000 also allows downgrades
# (apt_preferences(5)); a version that no archive has is ignored.
if [ -s "$here/snapshot" ]; then
  mv "$here/snapshot" "$here/snapshot.list"
  printf 'Dir::Etc::sourcelist "%s";\nDir::Etc::sourceparts "-";\nAcquire::Retries "5";\n' "$here/snapshot.list" \
    >>"$here/apt.conf"
  printf 'Package: *\nPin: release n=*\nPin-Priority: 1001\n\n' >>"$here/preferences"
fi
if [ -s "$here/pins" ]; then
  while read -r name _ version; do
    printf 'Package: %s\nPin: version %s\nPin-Priority: 1002\n\n' "$name" "$version"
  done <"$here/pins" >>"$here/preferences"
fi
if [ -e "$here/preferences" ]; then
  printf 'Dir::Etc::preferences "%s";\n' "$here/preferences" >>"$here/apt.conf"
  export APT_CONFIG="$here/apt.conf"
fi

apt-get -q update
# Packages of the base change to these versions too.
if [ -e "$here/preferences" ]; then
  apt-get -q -y dist-upgrade --allow-downgrades --no-install-recommends -o Dpkg::Options::=--force-unsafe-io
fi
if [ -s "$here/repository-packages" ]; then
  xargs apt-get -q -y install --no-install-recommends <"$here/repository-packages"
  apt-get -q update
fi

# The timestamp of the image's files is the newest date in the package archive itself, so that the same packages give the
# same image on any day.
epoch=$(cat "$here/source-date-epoch")
if [ -z "$epoch" ]; then
  for list in /var/lib/apt/lists/*Release; do
    [ -f "$list" ] || continue
    date=$(sed -n 's/^Date: //p' "$list" | head -n 1)
    seconds=$(date -u -d "$date" +%s)
    if [ "$seconds" -gt "${epoch:-0}" ]; then epoch=$seconds; fi
  done
fi
if [ -z "$epoch" ]; then
  echo "no package archive states its date; set SOURCE_DATE_EPOCH" >&2
  exit 1
fi
mkdir -p /usr/lib/kairos
echo "$epoch" >/usr/lib/kairos/source-date-epoch
# Maintainer scripts use it for the files they write, too.
export SOURCE_DATE_EPOCH="$epoch"

# Kernels depend on a generator of initramfs images. This package stands for ours, so that none is installed.
if [ ! -e "$here/dracut" ]; then
  stand_in="$here/initramfs"
  mkdir -p "$stand_in/DEBIAN"
  cat >"$stand_in/DEBIAN/control" <<EOT
Package: kairos-initramfs
Version: 1
Architecture: all
Maintainer: kairos-factory <kairos-factory@localhost>
Section: kernel
Priority: optional
Provides: linux-initramfs-tool
Description: stands for the initramfs that the image build makes
EOT
  chmod -R u=rwX,go=rX "$stand_in"
  dpkg-deb --build "$stand_in" "$here/initramfs.deb" >/dev/null
  dpkg -i "$here/initramfs.deb"
fi

xargs apt-get -q -y install --no-install-recommends -o Dpkg::Options::=--force-unsafe-io <"$here/packages"

# The same for files of the base that were installed before dpkg was configured.
find /usr/share/doc -mindepth 2 ! -type d ! -name copyright -delete
rm -rf /usr/share/man/* /usr/share/info/* /usr/share/lintian /usr/share/linda
find /usr/share/locale -mindepth 1 ! -name locale.alias -delete 2>/dev/null || true

apt-get -q clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin

# The name of an iSCSI initiator, which its package made up: two of one name corrupt a volume. A node makes its own
# (src/agent/stages/builtin/initiator-name.ts).
rm -f /etc/iscsi/initiatorname.iscsi
