#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts, and with dracut
# cmdline hook: claims the root of a command line that names an image file, before dracut takes root=LABEL=COS_ACTIVE for
# a partition (there is no such partition: the label is inside the file).

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
            # dmsquash-live insists on an overlay for a squashfs that is the root itself, but its shell flavour makes it
            # only on this argument, which a recovery's command line lacks.
            case " $kairos_cmdline" in
                *' rd.live.overlay'*) ;;
                *) echo 'rd.live.overlay.overlayfs=1' >>/etc/cmdline.d/28kairos.conf ;;
            esac
            ;;
    esac
fi
