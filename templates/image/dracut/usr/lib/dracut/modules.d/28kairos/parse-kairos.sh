#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts, and with dracut
# cmdline hook: claims the root if the command line names an image file, before dracut treats root=LABEL=COS_ACTIVE as a
# partition (the label is that of the filesystem inside the file).

# shellcheck source=/dev/null
. /lib/kairos/lib.sh
# shellcheck source=/dev/null
. /lib/kairos/state.sh

kairos_read_cmdline
kairos_read_state

if [ -n "$kairos_image" ]; then
    modprobe -q loop
    root=kairos:$(kairos_state_label)
    rootok=1
    wait_for_dev -n "/dev/disk/by-label/${root#kairos:}"
else
    case $kairos_root in
        live:*)
            # dmsquash-live requires an overlay for a squashfs root, but its shell variant creates it only with this argument,
            # which the command line of a recovery lacks.
            case " $kairos_cmdline" in
                *' rd.live.overlay'*) ;;
                *) echo 'rd.live.overlay.overlayfs=1' >>/etc/cmdline.d/28kairos.conf ;;
            esac
            ;;
    esac
fi
