#!/bin/sh
# Runs a hook of the person who builds. Runs inside the image build; shell and tools may be BusyBox's. Reads from its directory:
#   run          the program
#   name         its stage and its name, for messages
#   limit        how long it may take, in seconds
#   environment  its variables, NAME=VALUE per line
#   inputs/      the files and directories that it asked for
set -eu

here=$(dirname "$0")
while IFS= read -r variable; do
  export "${variable?}"
done <"$here/environment"
export KAIROS_HOOK_INPUTS="$here/inputs"
if [ -s /usr/lib/kairos/source-date-epoch ]; then
  SOURCE_DATE_EPOCH=$(cat /usr/lib/kairos/source-date-epoch)
  export SOURCE_DATE_EPOCH
fi

cd /
limit=$(cat "$here/limit")
status=0
if command -v timeout >/dev/null; then
  timeout -k 10 "$limit" "$here/run" || status=$?
else
  "$here/run" || status=$?
fi
case $status in
  0) ;;
  124 | 137 | 143) echo "the hook $(cat "$here/name") was stopped: it may take $limit seconds" >&2 ;;
  *) echo "the hook $(cat "$here/name") failed with status $status" >&2 ;;
esac
exit "$status"
