#!/bin/sh
# Finishes an OS made by kairos-init: the image's timestamp, directories, cleanup.
# Runs inside the image build. Reads from its directory:
#   directories        one absolute path per line, created if missing
#   source-date-epoch  a Unix timestamp
set -eu

here=$(dirname "$0")
while read -r directory; do
  mkdir -p "$directory"
done <"$here/directories"
mkdir -p /usr/lib/kairos
cat "$here/source-date-epoch" >/usr/lib/kairos/source-date-epoch
rm -rf "${here%/*}"
