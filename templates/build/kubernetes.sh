#!/bin/sh
# Finishes Kubernetes in the image. Runs inside the image build. Reads from its directory:
#   program  k3s or k0s, which is in /usr/bin
#   version  the version that goes into the image's name
set -euf

here=$(dirname "$0")
program=$(cat "$here/program")
version=$(cat "$here/version")

# Names and release file contain this version; a program of another version would mislead every upgrade.
case $program in
  k0s) ask=version ;;
  *) ask=--version ;;
esac
said=$(K3S_DATA_DIR=/tmp/kubernetes "/usr/bin/$program" "$ask" </dev/null) || {
  echo "/usr/bin/$program does not run: \"$program $ask\" failed" >&2
  exit 1
}
found=
for word in $said; do
  if [ "$word" = "$version" ]; then found=yes; fi
done
if [ -z "$found" ]; then
  echo "/usr/bin/$program is not $version: it reports \"$said\"" >&2
  exit 1
fi

# k3s acts as these programs when called by their names; programs of the base take precedence.
if [ "$program" = k3s ]; then
  for name in kubectl crictl ctr; do
    command -v "$name" >/dev/null || ln -s k3s "/usr/bin/$name"
  done
fi
