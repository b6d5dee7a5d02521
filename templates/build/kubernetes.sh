#!/bin/sh
# Finishes Kubernetes in the image. Runs inside the image build; what it reads stands beside it:
#   program  k3s or k0s, which lies in /usr/bin
#   version  the version that the image is going to be named after
set -euf

here=$(dirname "$0")
program=$(cat "$here/program")
version=$(cat "$here/version")

# Names and release file speak of this version; another program behind them would deceive every upgrade.
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
  echo "/usr/bin/$program is not $version: it says \"$said\"" >&2
  exit 1
fi

# The program is these as well, when it is called so; what the base brings has precedence.
if [ "$program" = k3s ]; then
  for name in kubectl crictl ctr; do
    command -v "$name" >/dev/null || ln -s k3s "/usr/bin/$name"
  done
fi
