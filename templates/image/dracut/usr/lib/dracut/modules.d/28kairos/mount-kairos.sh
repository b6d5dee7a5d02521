#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts, and with dracut
# mount hook: the slot's image file becomes the root.

case $root in
    kairos:*)
        kairos_probe_devices
        kairos_find_boot_disk
        kairos_mount_slot
        ;;
esac
