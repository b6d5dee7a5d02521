#!/bin/sh
# Installs the packages of the flavor with dnf (4 or 5). Runs inside the image build. Reads from its directory:
#   packages             one name per line
#   repository-packages  packages that add repositories, installed first, one per line
#   repositories         ids of disabled repositories of the base that the build uses, one per line
#   pins                 optional: versions to prefer to all others, NAME ARCH VERSION, one package per line
#   source-date-epoch    a Unix timestamp; if empty, the date of the repositories' metadata is used
set -eu

here=$(dirname "$0")
# kernel-install would generate an initramfs before our configuration is complete; it is generated once, at the end, when
# the kernel is also copied to /boot (kernel-install(8), KERNEL_INSTALL_BYPASS).
export KERNEL_INSTALL_BYPASS=1

# Only for this build: the node keeps its distribution's repository settings.
enabled=
while read -r repository; do
  [ -z "$repository" ] || enabled="$enabled --enablerepo=$repository"
done <"$here/repositories"

# Installs without recommended packages and documentation. A name that no repository has is an error in both versions.
install() {
  # shellcheck disable=SC2086 # words
  xargs dnf -q -y --setopt=install_weak_deps=False --setopt=tsflags=nodocs $enabled install
}

# The timestamp is needed before packages are installed, because they are stamped with it. The newest date in the metadata
# of the repositories is used, so that the same packages give the same image on any day.
read_epoch() {
  find /var/cache/dnf /var/cache/libdnf5 -name repomd.xml -exec cat {} + 2>/dev/null |
    tr '<' '\n' | sed -n 's/^timestamp>\([0-9]*\).*/\1/p' | sort -n | tail -n 1
}

# Hides all versions of a package except the pinned one, if a repository has it. Packages that the base has in another version
# are upgraded or downgraded first, because hidden versions do not count as installed either.
prefer_pins() {
  # shellcheck disable=SC2086 # words
  dnf -q $enabled repoquery --available --qf '%{name} %{arch} %{evr}\n' | sort -u | awk 'NF == 3' >"$here/available"
  awk 'FNR == NR { pinned[$0] = 1; next } $0 in pinned' "$here/pins" "$here/available" >"$here/wanted"
  rpm -qa --qf '%{NAME} %{ARCH} %{EVR}\n' >"$here/installed"
  others=$(awk 'FNR == NR { there[$1 " " $2] = $3; next }
    ($1 " " $2) in there && there[$1 " " $2] != $3 { print $1 "-" $3 "." $2 }' "$here/installed" "$here/wanted")
  for direction in upgrade downgrade; do
    # shellcheck disable=SC2086 # words; each direction fails for the packages of the other
    [ -z "$others" ] || dnf -q -y --setopt=tsflags=nodocs --setopt=strict=False $enabled $direction $others || true
  done
  hidden=$(awk 'FNR == NR { wanted[$0] = 1; known[$1 " " $2] = 1; next }
    ($1 " " $2) in known && !($0 in wanted) { printf "%s%s-%s.%s", (n++ ? "," : ""), $1, $3, $2 }' "$here/wanted" "$here/available")
  [ -z "$hidden" ] || enabled="$enabled --setopt=excludepkgs=$hidden"
}

epoch=$(cat "$here/source-date-epoch")
# Versions of rpm that support the variable use it in their database.
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
  echo "no repository states its date; set SOURCE_DATE_EPOCH" >&2
  exit 1
fi
mkdir -p /usr/lib/kairos
echo "$epoch" >/usr/lib/kairos/source-date-epoch
export SOURCE_DATE_EPOCH="$epoch"

install <"$here/packages"

dnf -q clean all
rm -rf /var/cache/dnf/* /var/cache/libdnf5/* /var/cache/yum
# The histories record when the build ran; the rpm database lists the installed packages.
rm -f /var/lib/dnf/history.sqlite* /usr/lib/sysimage/libdnf5/transaction_history.sqlite*
rm -rf /usr/share/man/* /usr/share/info/*
find /usr/share/doc -mindepth 2 ! -type d ! -name 'COPYING*' ! -name 'LICENSE*' -delete 2>/dev/null || true

# The name of an iSCSI initiator, which its package made up: two of one name corrupt a volume. A node makes its own
# (src/agent/stages/builtin/initiator-name.ts).
rm -f /etc/iscsi/initiatorname.iscsi
