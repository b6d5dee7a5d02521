#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# Detects from the command line, as every Kairos program does, which slot the machine boots, and writes the sentinels that
# cloud-configs test for.

# Sets kairos_state and kairos_extra. The order is part of the contract: a squashfs recovery, for example, names both
# COS_RECOVERY and live:LABEL, and counts as recovery.
kairos_read_state() {
    kairos_extra=
    case $kairos_cmdline in
        *kairos.ram*)
            kairos_state=active
            kairos_extra=in_ram_mode
            ;;
        *rd.immucore.uki*)
            # A unified kernel image reports its slot in an EFI variable and has its own init; it is not handled here.
            kairos_state=unknown
            kairos_extra=uki_boot_mode
            ;;
        *kairos.reset*) kairos_state=autoreset ;;
        *COS_ACTIVE*) kairos_state=active ;;
        *COS_PASSIVE*) kairos_state=passive ;;
        *COS_RECOVERY* | *COS_SYSTEM* | *recovery-mode*) kairos_state=recovery ;;
        *live:LABEL* | *live:CDLABEL* | *netboot*) kairos_state=live ;;
        *) kairos_state=unknown ;;
    esac
    case $kairos_cmdline in
        *upgrade_failure*) kairos_extra="$kairos_extra upgrade_failure" ;;
    esac
}

# The label of the partition that holds the slot's image file.
kairos_state_label() {
    case $kairos_state in
        recovery | autoreset) echo COS_RECOVERY ;;
        *) echo COS_STATE ;;
    esac
}

# Succeeds if the layout is to be mounted: not if the whole root is writable, as of a live image, nor if the command line disables it.
kairos_owns_root() {
    [ -z "$kairos_disabled" ] || return 1
    case $kairos_root in
        live:* | http://* | https://*) return 1 ;;
    esac
    case $kairos_state in
        live) return 1 ;;
        unknown) [ -n "$kairos_image" ] ;;
    esac
}

kairos_write_sentinels() {
    mkdir -p "$KAIROS_RUN"
    case $kairos_state in
        unknown) echo 1 >"$KAIROS_RUN/unknown" ;;
        *) echo 1 >"$KAIROS_RUN/${kairos_state}_mode" ;;
    esac
    for kairos_word in $kairos_extra; do
        echo 1 >"$KAIROS_RUN/$kairos_word"
    done
}
