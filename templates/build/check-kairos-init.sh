#!/bin/sh
# Fails unless the kairos-init in this directory reports the requested version.
#   $1  the version, with or without its leading v
set -eu

here=$(dirname "$0")
wanted=${1#v}
said=$("$here/kairos-init" version 2>&1 </dev/null) || {
  echo "kairos-init does not report its version: $said" >&2
  exit 1
}
for word in $said; do
  word=${word#v}
  if [ "${word%,}" = "$wanted" ]; then exit 0; fi
done
echo "kairos-init is not version $wanted: it reports \"$said\"" >&2
exit 1
