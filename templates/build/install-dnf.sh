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

# Hides all versions of a package but the wanted one, where a repository has that. What the base has in another version goes
# to this one first, up or down, because what is hidden is not seen as installed either.
prefer_pins() {
  # shellcheck disable=SC2086 # words
  dnf -q $enabled repoquery --available --qf '%{name} %{arch} %{evr}\n' | sort -u | awk 'NF == 3' >"$here/available"
  awk 'FNR == NR { pinned[$0] = 1; next } $0 in pinned' "$here/pins" "$here/available" >"$here/wanted"
  rpm -qa --qf '%{NAME} %{ARCH} %{EVR}\n' >"$here/installed"
  others=$(awk 'FNR == NR { there[$1 " " $2] = $3; next }
    ($1 " " $2) in there && there[$1 " " $2] != $3 { print $1 "-" $3 "." $2 }' "$here/installed" "$here/wanted")
  for direction in upgrade downgrade; do
    # shellcheck disable=SC2086 # words; each refuses what the other is for
    [ -z "$others" ] || dnf -q -y --setopt=tsflags=nodocs --setopt=strict=False $enabled $direction $others || true
  done
  hidden=$(awk 'FNR == NR { wanted[$0] = 1; known[$1 " " $2] = 1; next }
    ($1 " " $2) in known && !($0 in wanted) { printf "%s%s-%s.%s", (n++ ? "," : ""), $1, $3, $2 }' "$here/wanted" "$here/available")
  [ -z "$hidden" ] || enabled="$enabled --setopt=excludepkgs=$hidden"
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
if [ -s "$here/pins" ]; then prefer_pins; fi
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
