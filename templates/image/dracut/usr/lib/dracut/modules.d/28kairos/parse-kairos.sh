#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts, and with dracut
# cmdline hook: claims the root if the command line names an image file, before dracut treats root=LABEL=COS_ACTIVE as a
# partition (the label is that of the filesystem inside the file).

for kairos_part in lib state emergency devices slot pivot; do
    # shellcheck source=/dev/null
    . "/lib/kairos/$kairos_part.sh"
done

# udev loads drivers, makes the links and assembles arrays. It does not know which disk the machine was started from.
kairos_load_drivers() { return 1; }
kairos_add_member() { :; }
kairos_probe_devices() {
    udevadm settle --timeout=10
    blkid -c /dev/null -o export 2>/dev/null >/run/kairos-devices
    kairos_link_devices
}

mkdir -p "$KAIROS_LOG_DIR" /run/initramfs
kairos_read_cmdline
kairos_read_state
kairos_seen=
kairos_probed=
kairos_members=
kairos_boot_disk=

if [ -n "$kairos_image" ]; then
    modprobe -q loop
    root=kairos:$(kairos_state_label)
    rootok=1
    # Until the partition is there, dracut goes on assembling what it may be on.
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
