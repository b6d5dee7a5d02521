#!/bin/sh
# Installs the packages of the flavor with zypper. Runs inside the image build. Reads from its directory:
#   packages             one name per line
#   repository-packages  packages that add repositories, installed first, one per line
#   repositories         aliases of disabled repositories of the base, one per line
#   pins                 optional: versions to prefer to all others, NAME ARCH VERSION, one package per line
#   snapshot             optional: addresses of snapshot repositories, which replace the base's own, one per line
#   source-date-epoch    a Unix timestamp; if empty, the date of the repositories' metadata is used
set -eu

here=$(dirname "$0")

# Installs without recommended packages and without questions; a name that no repository has is an error.
# zypper's exit code also reports changes to the running system (zypper(8): 102 reboot needed, 103 zypper itself changed, 106 a
# repository was skipped); the first two do not fail a build. xargs would turn all of them into 123, so it is not used.
install() {
  set --
  while read -r package; do
    [ -z "$package" ] || set -- "$@" "$package"
  done
  status=0
  # shellcheck disable=SC2086 # a flag, or nothing
  zypper --non-interactive --quiet install --no-recommends --auto-agree-with-licenses ${oldpackage:-} "$@" || status=$?
  case $status in
    0 | 102 | 103) ;;
    *) exit "$status" ;;
  esac
}

# Locks every version of a package except the pinned one, if a repository has it. Packages that the base has in another version
# are changed to it first, because a lock would keep them.
prefer_pins() {
  zypper --non-interactive --quiet search --details --type package | awk -F'|' '
    FNR == NR { pinned[$0] = 1; next }
    { for (i = 1; i <= NF; i++) gsub(/^ +| +$/, "", $i); line = $2 " " $5 " " $4 }
    $6 != "(System Packages)" && line in pinned { print line }' "$here/pins" - | sort -u >"$here/wanted"
  rpm -qa --qf '%{NAME} %{ARCH} %{EVR}\n' >"$here/installed"
  awk 'FNR == NR { there[$1 " " $2] = $3; next }
    ($1 " " $2) in there && there[$1 " " $2] != $3 { print $1 "." $2 "=" $3 }' "$here/installed" "$here/wanted" >"$here/others"
  if [ -s "$here/others" ]; then oldpackage=--oldpackage install <"$here/others"; fi
  if [ -e /etc/zypp/locks ]; then cp -p /etc/zypp/locks "$here/locks"; fi
  # The format of "zypper addlock".
  while read -r name _ version; do
    printf '\ntype: package\nversion: != %s\nmatch_type: exact\ncase_sensitive: on\nsolvable_name: %s\n\n' "$version" "$name"
  done <"$here/wanted" >>/etc/zypp/locks
}

# The newest date in the metadata of the repositories, so that the same packages give the same image on any day.
read_epoch() {
  find /var/cache/zypp/raw -name repomd.xml -exec cat {} + 2>/dev/null |
    tr '<' '\n' | sed -n 's/^timestamp>\([0-9]*\).*/\1/p' | sort -n | tail -n 1
}

epoch=$(cat "$here/source-date-epoch")
# Versions of rpm that support the variable use it in their database.
[ -z "$epoch" ] || export SOURCE_DATE_EPOCH="$epoch"
while read -r repository; do
  [ -z "$repository" ] || zypper --non-interactive --quiet modifyrepo --enable "$repository"
done <"$here/repositories"
# The base's own repositories are restored afterwards.
if [ -s "$here/snapshot" ]; then
  cp -a /etc/zypp/repos.d "$here/repos.d"
  zypper --non-interactive --quiet modifyrepo --all --disable
  number=0
  while read -r address; do
    number=$((number + 1))
    zypper --non-interactive --quiet addrepo --check "$address" "kairos-snapshot-$number"
  done <"$here/snapshot"
fi
zypper --non-interactive --quiet refresh
if [ -s "$here/snapshot" ]; then
  zypper --non-interactive --quiet dist-upgrade --no-recommends --allow-downgrade --auto-agree-with-licenses
fi
if [ -s "$here/pins" ]; then prefer_pins; fi
if [ -s "$here/repository-packages" ]; then
  install <"$here/repository-packages"
  zypper --non-interactive --quiet refresh
fi
if [ -z "$epoch" ]; then epoch=$(read_epoch); fi
if [ -z "$epoch" ]; then
  echo "no repository states its date; set SOURCE_DATE_EPOCH" >&2
  exit 1
fi
mkdir -p /usr/lib/kairos
echo "$epoch" >/usr/lib/kairos/source-date-epoch
export SOURCE_DATE_EPOCH="$epoch"

install <"$here/packages"

if [ -s "$here/pins" ]; then
  rm -f /etc/zypp/locks
  if [ -e "$here/locks" ]; then cp -p "$here/locks" /etc/zypp/locks; fi
fi
if [ -d "$here/repos.d" ]; then
  rm -rf /etc/zypp/repos.d
  cp -a "$here/repos.d" /etc/zypp/repos.d
fi
zypper --non-interactive --quiet clean --all
rm -rf /var/cache/zypp/*
# A random identifier, and the log of this build.
rm -f /var/lib/zypp/AnonymousUniqueId /var/log/zypper.log
rm -rf /var/log/zypp
rm -rf /usr/share/man/* /usr/share/info/*
find /usr/share/doc -mindepth 2 ! -type d ! -name 'COPYING*' ! -name 'LICENSE*' -delete 2>/dev/null || true

# The name of an iSCSI initiator, which its package made up: two of one name corrupt a volume. A node makes its own
# (src/agent/stages/builtin/initiator-name.ts).
rm -f /etc/iscsi/initiatorname.iscsi
