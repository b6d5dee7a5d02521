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
# It logs with colours before the number, which is on the last line. A log may name the versions of other programs.
escape=$(printf '\033')
said=$(printf '%s\n' "$said" | sed "s/$escape\[[0-9;]*[A-Za-z]//g" | grep '[^[:space:]]' | tail -n 1)
set -f
for word in $(printf '%s\n' "$said" | tr '=",:()[]' '        '); do
  if [ "${word#v}" = "$wanted" ]; then exit 0; fi
done
echo "kairos-init is not version $wanted: it reports \"$said\"" >&2
exit 1
