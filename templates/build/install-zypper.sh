#!/bin/sh
# Installs the packages of the flavor with zypper. Runs inside the image build; everything it reads stands beside it:
#   packages             one name per line
#   repository-packages  packages that bring repositories, installed first, one per line
#   repositories         aliases of repositories that the base has switched off, one per line
#   source-date-epoch    seconds since 1970, or empty: then the date of the repositories' metadata
set -eu

here=$(dirname "$0")

# Recommended packages are left out. Nothing is asked; a name that no repository knows is an error.
# Packages change what a running system has loaded, and zypper says so by its exit code (zypper(8): 102 reboot needed, 103
# zypper itself changed, 106 a repository was passed over); the first two are no failure of a build. xargs would make 123 of
# all, so there is none here.
install() {
  set --
  while read -r package; do
    [ -z "$package" ] || set -- "$@" "$package"
  done
  status=0
  zypper --non-interactive --quiet install --no-recommends --auto-agree-with-licenses "$@" || status=$?
  case $status in
    0 | 102 | 103) ;;
    *) exit "$status" ;;
  esac
}

# The files of the metadata tell when they were made; that of the newest is the date, so that the same packages give the
# same image on any day.
read_epoch() {
  find /var/cache/zypp/raw -name repomd.xml -exec cat {} + 2>/dev/null |
    tr '<' '\n' | sed -n 's/^timestamp>\([0-9]*\).*/\1/p' | sort -n | tail -n 1
}

epoch=$(cat "$here/source-date-epoch")
# rpm stamps its database with it, where it knows the variable.
[ -z "$epoch" ] || export SOURCE_DATE_EPOCH="$epoch"
while read -r repository; do
  [ -z "$repository" ] || zypper --non-interactive --quiet modifyrepo --enable "$repository"
done <"$here/repositories"
zypper --non-interactive --quiet refresh
if [ -s "$here/repository-packages" ]; then
  install <"$here/repository-packages"
  zypper --non-interactive --quiet refresh
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

zypper --non-interactive --quiet clean --all
rm -rf /var/cache/zypp/*
# Made at random, and a list of what the build did.
rm -f /var/lib/zypp/AnonymousUniqueId /var/log/zypper.log
rm -rf /var/log/zypp
rm -rf /usr/share/man/* /usr/share/info/*
find /usr/share/doc -mindepth 2 ! -type d ! -name 'COPYING*' ! -name 'LICENSE*' -delete 2>/dev/null || true
