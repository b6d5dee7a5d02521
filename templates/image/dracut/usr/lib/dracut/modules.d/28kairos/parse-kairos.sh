#!/bin/sh
# shellcheck disable=SC2034 # root and rootok are read by dracut's init
# Command line hook: claims the root when it is a slot image, and has dracut wait for the partition that holds it.

. /lib/kairos-lib.sh

if kairos_image=$(getarg cos-img/filename=) && ! kairos_is_live; then
    kairos_slot=$(getarg root=)
    kairos_slot=${kairos_slot#block:}
    kairos_slot=${kairos_slot#LABEL=}
    case $kairos_slot in
        COS_ACTIVE | COS_PASSIVE) kairos_partition=COS_STATE ;;
        COS_SYSTEM) kairos_partition=COS_RECOVERY ;;
        *) die "kairos: root=$kairos_slot names no slot; it must be LABEL=COS_ACTIVE, COS_PASSIVE or COS_SYSTEM" ;;
    esac
    # A value that dracut's own parsers do not know, so that none of them waits for the slot's label to appear.
    root="kairos:$kairos_partition:$kairos_image"
    rootok=1
    wait_for_dev -n "/dev/disk/by-label/$kairos_partition"
fi
