#!/bin/sh
# Runs a bundle inside the image build, as the agent does on a node: run-bundle.sh DIRECTORY NAME
set -eu

cd "$1"
if [ ! -f run.sh ]; then
  echo "the bundle $2 has no run.sh; to install only its files, use mode: unpack" >&2
  exit 1
fi
export CONTAINERDIR="$1" BUNDLE_TARGET="$2"
sh run.sh
cd /
rm -rf "$1"
