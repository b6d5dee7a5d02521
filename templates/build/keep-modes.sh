#!/bin/sh
# Keeps mode and owner of directories that exist: an overlay adds files to them, but COPY also applies its own mode and owner.
#   $1  save, before the overlay is copied, or restore
# Reads from its directory:
#   directories  the directories of the overlay
set -eu

here=$(dirname "$0")
case $1 in
  save)
    while IFS= read -r path; do
      if [ -d "$path" ] && [ ! -L "$path" ]; then echo "$(stat -c '%a %u:%g' "$path") $path"; fi
    done <"$here/directories" >"$here/saved"
    ;;
  restore)
    while read -r mode owner path; do
      chown "$owner" "$path"
      chmod "$mode" "$path"
    done <"$here/saved"
    ;;
esac
