#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts, and with dracut
# emergency hook: prints the remedy, and reboots if the command line requests it (dracut would call a reboot program that
# the initramfs does not have, and end in a kernel panic).

# shellcheck source=/dev/null
. /lib/kairos/lib.sh

case $root in
    kairos:*)
        if [ ! -e "/dev/disk/by-label/${root#kairos:}" ]; then
            echo "<3>kairos: no partition with the label ${root#kairos:} has appeared." >/dev/kmsg
            echo "<3>kairos: Check that the disk is attached and the image has its driver. Repair the system from the recovery entry or a live medium." >/dev/kmsg
        fi
        ;;
esac

case " $kairos_cmdline " in
    *' rd.shell '* | *' rd.shell=1 '* | *' rd.break'*) ;;
    *' rd.emergency=reboot '*)
        echo "<3>kairos: rebooting in 10 seconds" >/dev/kmsg
        sleep 10
        sync
        echo b >/proc/sysrq-trigger
        ;;
esac
