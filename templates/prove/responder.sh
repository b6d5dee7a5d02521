#!/bin/sh
# Answers kairos-factory prove inside a machine: runs each script that the port sends, as root, and returns its status and its
# output. One line is one message, in base64, so that output of any kind keeps its bytes. The first line is the identity of the
# boot, so a new one is a restart.
place=/run/kairos-proof

modprobe virtio_console 2>/dev/null
port=
while [ -z "$port" ]; do
  for name in /sys/class/virtio-ports/*/name; do
    [ "$(cat "$name" 2>/dev/null)" = org.kairos.proof ] || continue
    port=${name%/name}
    port=/dev/${port##*/}
  done
  [ -n "$port" ] || sleep 1
done

exec 3<>"$port"
read -r boot </proc/sys/kernel/random/boot_id
echo "boot $boot" >&3
while read -r number script <&3; do
  printf '%s' "$script" | base64 -d >"$place/script"
  sh "$place/script" >"$place/output" 2>&1 </dev/null 3>&-
  echo "done $number $? $(base64 "$place/output" | tr -d '\n')" >&3
done
