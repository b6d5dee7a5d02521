#!/bin/sh
# Fails unless the kairos-init beside it says that it is of the version that was asked for.
#   $1  the version, with or without its leading v
set -eu

here=$(dirname "$0")
wanted=${1#v}
said=$("$here/kairos-init" version 2>&1 </dev/null) || {
  echo "kairos-init cannot tell its version: $said" >&2
  exit 1
}
for word in $said; do
  word=${word#v}
  if [ "${word%,}" = "$wanted" ]; then exit 0; fi
done
echo "kairos-init is not version $wanted: it says \"$said\"" >&2
exit 1
