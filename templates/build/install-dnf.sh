#!/bin/sh
# Installs the packages of the flavor with dnf (4 or 5). Runs inside the image build; everything it reads stands beside it:
#   packages             one name per line
#   repository-packages  packages that bring repositories, installed first, one per line
#   repositories         ids of repositories that the base has switched off and the build uses, one per line
#   pins                 where there is one: versions to prefer to all others, NAME ARCH VERSION, one package per line
#   source-date-epoch    seconds since 1970, or empty: then the date of the repositories' metadata
set -eu

here=$(dirname "$0")
# kernel-install would make an initramfs before our configuration is complete; it is made once, at the end, and the
# kernel is put into /boot there (kernel-install(8), KERNEL_INSTALL_BYPASS).
export KERNEL_INSTALL_BYPASS=1

# Only for this build: the node keeps the repositories as its distribution has them.
enabled=
while read -r repository; do
  [ -z "$repository" ] || enabled="$enabled --enablerepo=$repository"
done <"$here/repositories"

# Recommended packages and documentation are left out. A name that no repository knows is an error in both versions.
install() {
  # shellcheck disable=SC2086 # words
  xargs dnf -q -y --setopt=install_weak_deps=False --setopt=tsflags=nodocs $enabled install
}

# No package may be as new as the second it was installed in, so the date comes first. The files of the metadata tell when
# they were made; that of the newest is the date, so that the same packages give the same image on any day.
read_epoch() {
  find /var/cache/dnf /var/cache/libdnf5 -name repomd.xml -exec cat {} + 2>/dev/null |
    tr '<' '\n' | sed -n 's/^timestamp>\([0-9]*\).*/\1/p' | sort -n | tail -n 1
}

epoch=$(cat "$here/source-date-epoch")
# rpm stamps its database with it, where it knows the variable.
[ -z "$epoch" ] || export SOURCE_DATE_EPOCH="$epoch"
if [ -s "$here/repository-packages" ]; then
  known=$enabled
  enabled=
  install <"$here/repository-packages"
  enabled=$known
fi
# shellcheck disable=SC2086 # words
dnf -q -y $enabled makecache
if [ -s "$here/pins" ]; then
  # Where a repository has the wanted version of a package, all others of it are hidden. What the base has follows.
  # shellcheck disable=SC2086 # words
  hidden=$(dnf -q $enabled repoquery --available --qf '%{name} %{arch} %{evr}\n' | sort -u | awk '
    FNR == NR { pinned[$1 " " $2] = 1; wanted[$1 " " $2 " " $3] = 1; next }
    NF == 3 && ($1 " " $2) in pinned { all[$1 " " $2] = all[$1 " " $2] " " $3; if (($1 " " $2 " " $3) in wanted) has[$1 " " $2] = 1 }
    END {
      for (package in has) {
        split(package, part, " ")
        count = split(all[package], versions, " ")
        for (i = 1; i <= count; i++)
          if (!((package " " versions[i]) in wanted)) printf "%s%s-%s.%s", (n++ ? "," : ""), part[1], versions[i], part[2]
      }
    }' "$here/pins" -)
  [ -z "$hidden" ] || enabled="$enabled --setopt=excludepkgs=$hidden"
  # shellcheck disable=SC2086 # words
  dnf -q -y --setopt=install_weak_deps=False --setopt=tsflags=nodocs $enabled distro-sync
fi
if [ -z "$epoch" ]; then epoch=$(read_epoch); fi
if [ -z "$epoch" ]; then
  echo "no repository tells its date; set SOURCE_DATE_EPOCH" >&2
  exit 1
fi
mkdir -p /usr/lib/kairos
echo "$epoch" >/usr/lib/kairos/source-date-epoch
export SOURCE_DATE_EPOCH="$epoch"

install <"$here/packages"

dnf -q clean all
rm -rf /var/cache/dnf/* /var/cache/libdnf5/* /var/cache/yum
# The histories tell when the build ran; which packages are there, the rpm database tells.
rm -f /var/lib/dnf/history.sqlite* /usr/lib/sysimage/libdnf5/transaction_history.sqlite*
rm -rf /usr/share/man/* /usr/share/info/*
find /usr/share/doc -mindepth 2 ! -type d ! -name 'COPYING*' ! -name 'LICENSE*' -delete 2>/dev/null || true
