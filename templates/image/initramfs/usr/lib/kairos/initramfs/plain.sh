#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# A root without an image file: a partition, as in any other system.

kairos_mount_plain() {
    [ -n "$kairos_root" ] ||
        kairos_fail "the command line has no root=" "Choose another entry in the boot menu."
    kairos_wait_device "$kairos_root" "$KAIROS_ROOT_TIMEOUT" ||
        kairos_fail "no device $kairos_root has appeared" "Check that the disk is attached, and that the image has its driver."
    kairos_boot_from "$kairos_device"
    [ -z "$kairos_root_type" ] || modprobe -q "$kairos_root_type"
    kairos_options=$kairos_root_mode
    [ -z "$kairos_root_options" ] || kairos_options=$kairos_options,$kairos_root_options
    kairos_mount "$kairos_options" "$kairos_device" "$NEWROOT" ||
        kairos_fail "cannot mount $kairos_root ($kairos_device): $kairos_report" "Choose another entry in the boot menu."
    kairos_info "root is $kairos_root"
}
