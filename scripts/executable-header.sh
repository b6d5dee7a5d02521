#!/bin/sh
# kairos-factory VERSION for ARCH, in one file: this script, and behind it an archive of the program with its Node.js and C
# library. It is unpacked once, below $KAIROS_FACTORY_CACHE or the user's cache directory, and started from there.
set -eu
cache=${KAIROS_FACTORY_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/kairos-factory}
place=$cache/program/DIGEST

fail() {
  echo "error: $1" >&2
  echo "  to do: $2" >&2
  exit "$3"
}

unpack() {
  work=$(mktemp -d "$cache/program/.unpacking-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  tail -c +OFFSET "$0" | gzip -dc | tar -xf - -C "$work" || fail "kairos-factory cannot unpack itself to $work" \
    'check that the file is complete and that there are 400 MiB of room, or set KAIROS_FACTORY_CACHE to another directory' 4
  "$work/runtime/node" --version >/dev/null || fail "the programs below $cache cannot be started on this machine" \
    'use the file for its architecture, and set KAIROS_FACTORY_CACHE to a directory where programs may be started' 3
  # Another start may have been faster.
  mv -T "$work" "$place" 2>/dev/null || [ -d "$place" ]
  rm -rf "$work"
  trap - EXIT INT TERM HUP
}

if [ ! -d "$place" ]; then
  (umask 077 && mkdir -p "$cache/program") 2>/dev/null || :
  [ -w "$cache/program" ] || fail "kairos-factory cannot write to $cache" \
    'set KAIROS_FACTORY_CACHE to a directory that you may write to' 3
  unpack
fi
# For "cache prune".
if [ -w "$place" ]; then : >"$place/used"; fi
export KAIROS_FACTORY_PROGRAM="$0"
exec "$place/bin/kairos-factory" "$@"
