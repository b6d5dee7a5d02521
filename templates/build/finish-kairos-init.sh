#!/bin/sh
# What is left to do after kairos-init has made the OS: the time that the image is stamped with, directories, cleanup.
# Runs inside the image build; everything it reads stands beside it:
#   directories        one absolute path per line, made where missing
#   source-date-epoch  seconds since 1970
set -eu

here=$(dirname "$0")
while read -r directory; do
  mkdir -p "$directory"
done <"$here/directories"
mkdir -p /usr/lib/kairos
cat "$here/source-date-epoch" >/usr/lib/kairos/source-date-epoch
rm -rf "${here%/*}"
