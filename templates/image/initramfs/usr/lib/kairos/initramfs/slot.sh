#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# The slot's image file, read-only, becomes the root.

kairos_mount_slot() {
    kairos_label=$(kairos_state_label)
    kairos_file=$KAIROS_STATE_DIR$kairos_image
    kairos_remedy="Choose fallback or recovery in the boot menu; from recovery or a live medium, upgrade or reset writes the slot anew."

    # The label of root= is that of the filesystem inside the file, so no partition has it.
    kairos_wait_device "LABEL=$kairos_label" "$KAIROS_ROOT_TIMEOUT" ||
        kairos_fail "no partition with the label $kairos_label has appeared" \
            "Check that the disk is attached and the image has its driver. Repair the system from the recovery entry or a live medium."
    kairos_boot_from "$kairos_device"
    # /run moves into the new root, so the running system finds the partition at this path, as the contract has it.
    mkdir -p "$KAIROS_STATE_DIR"
    if ! kairos_mount "$kairos_mode" "$kairos_device" "$KAIROS_STATE_DIR"; then
        # Mounting recovers the journal after a power cut; only if that fails is a repair that writes justified.
        kairos_repair "$kairos_device"
        kairos_mount "$kairos_mode" "$kairos_device" "$KAIROS_STATE_DIR" ||
            kairos_fail "cannot mount partition $kairos_label ($kairos_device): $kairos_report" "$kairos_remedy"
    fi
    if [ ! -s "$kairos_file" ]; then
        kairos_fail "partition $kairos_label has no file $kairos_image, or it is empty" "$kairos_remedy"
    fi

    # Fast on a clean filesystem. Errors are only reported; mount decides whether the image is usable.
    if [ "$kairos_mode" = ro ] && ! kairos_report=$(e2fsck -n "$kairos_file" 2>&1); then
        kairos_warn "e2fsck found errors in $kairos_image on $kairos_label: $kairos_report"
    fi

    kairos_attach "$kairos_mode" "$kairos_file"
    if ! kairos_mount "$kairos_mode" "$kairos_loop" "$NEWROOT"; then
        kairos_fail "cannot mount $kairos_image of partition $kairos_label ($kairos_loop): $kairos_report" "$kairos_remedy"
    fi
    kairos_info "root is $kairos_image of partition $kairos_label"
}
