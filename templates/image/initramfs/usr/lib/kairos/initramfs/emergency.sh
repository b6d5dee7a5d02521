#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# When the boot cannot go on, or the command line asks for a stop.

# kairos_fail WHAT REMEDY: stops the boot. Does not return.
kairos_fail() {
    set +x
    mkdir -p "$KAIROS_LOG_DIR"
    printf '%s\n%s\n' "$1" "$2" >"$KAIROS_LOG_DIR/boot_failure.log"
    kairos_log "failed: $1
$2"
    printf '<3>kairos: %.900s\n' "$1" >/dev/kmsg
    printf '<3>kairos: %.900s\n' "$2" >/dev/kmsg
    {
        cat /proc/cmdline /proc/mounts /proc/partitions /proc/modules
        ls -l /dev/disk/*
        dmesg
    } >/run/initramfs/report.txt 2>&1
    if [ -n "$kairos_shell" ]; then
        echo "The boot stopped: $1"
        echo "/run/initramfs/report.txt has the state of the machine, kairos.log beside it what was done. It reboots at the end of this shell."
        kairos_run_shell
        kairos_emergency=reboot
    fi
    case $kairos_emergency in
        reboot) kairos_end "rebooting in 10 seconds" 10 b ;;
        poweroff | halt) kairos_end "powering off in 10 seconds" 10 o ;;
    esac
    # The kernel panics, and reboots if the command line has panic=.
    exit 1
}

# kairos_end MESSAGE SECONDS KEY: ends the machine by the kernel's own key, because there are no services to stop.
kairos_end() {
    echo "<3>kairos: $1" >/dev/kmsg
    sleep "$2"
    sync
    echo "$3" >/proc/sysrq-trigger
    sleep 60
}

# kairos_break POINT: a shell at this point, if the command line has rd.break or rd.break=POINT.
kairos_break() {
    [ "$kairos_break" = "$1" ] || return 0
    echo "A shell before the next step of the boot ($1); it goes on at the end of the shell."
    kairos_run_shell
}

kairos_run_shell() {
    # BusyBox's program opens the console as a terminal with job control.
    if command -v cttyhack >/dev/null; then
        setsid cttyhack sh -i
    else
        sh -i
    fi
}
