#!/bin/sh
# Read by the scripts of the build.

# kernel_file K: prints the path of the kernel for modules K; nothing if there is none.
#   vmlinuz-K   Debian, Fedora, SUSE, and compressed kernels in general
#   Image-K     SUSE on arm64
#   vmlinuz-lts Alpine, named after the last part of K only
#   modules/K   Fedora and others in a build, where kernel-install has not copied it
kernel_file() {
  for name in "/boot/vmlinuz-$1" "/boot/Image-$1" "/boot/vmlinuz-${1##*-}" "/lib/modules/$1/vmlinuz" "/lib/modules/$1/Image"; do
    if [ -e "$name" ]; then
      echo "$name"
      return
    fi
  done
}

# kernels_in_order: prints the names of the directories of modules that have a kernel, the newest last.
kernels_in_order() {
  # Without -printf of find, which BusyBox does not have.
  find /lib/modules/ -mindepth 1 -maxdepth 1 | sed 's,.*/,,' | sort -V | while read -r candidate; do
    if [ -n "$(kernel_file "$candidate")" ]; then printf ' %s' "$candidate"; fi
  done
}
