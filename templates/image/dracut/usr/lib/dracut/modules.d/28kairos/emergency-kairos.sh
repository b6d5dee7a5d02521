#!/bin/sh
# shellcheck disable=SC2154 # variables are shared between the parts, and with dracut
# emergency hook: names the remedy, and ends the machine if the command line says so (dracut would call a reboot program that
# the initramfs does not have, and end in a kernel panic).

case $root in
    kairos:*)
        if [ ! -e "/dev/disk/by-label/${root#kairos:}" ]; then
            kairos_warn "no partition with the label ${root#kairos:} has appeared. Check that the disk is attached and the image has its driver. Repair the system from the recovery entry or a live medium."
        fi
        ;;
esac
if [ -z "$kairos_shell" ]; then
    case $kairos_emergency in
        reboot) kairos_end "rebooting in 10 seconds" 10 b ;;
        poweroff | halt) kairos_end "powering off in 10 seconds" 10 o ;;
    esac
fi
