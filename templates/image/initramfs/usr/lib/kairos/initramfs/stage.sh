#!/bin/sh
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts
# Cloud-config stages that run in the initramfs. The agent is optional, and its failure never stops a boot.

# kairos_run_stage STAGE [chroot]
kairos_run_stage() {
    # -L: an absolute link of the image is dangling here.
    [ -x "$NEWROOT/usr/bin/kairos-agent" ] || [ -L "$NEWROOT/usr/bin/kairos-agent" ] || return 0
    if kairos_stage_is_empty "$1"; then
        kairos_info "stage $1: no configuration has steps"
        return 0
    fi
    mkdir -p "$KAIROS_LOG_DIR"
    kairos_log=$KAIROS_LOG_DIR/stage-$1.log
    kairos_open_chroot
    if [ "$2" = chroot ]; then
        chroot "$NEWROOT" /usr/bin/kairos-agent run-stage "$1" >"$kairos_log" 2>&1
        kairos_result=$?
    else
        kairos_run_outside "$1" >"$kairos_log" 2>&1
        kairos_result=$?
    fi
    [ "$kairos_result" -eq 0 ] || kairos_warn "stage $1 ended with $kairos_result; its log is $kairos_log"
}

# Succeeds if nothing can have steps for the stage, so that the agent need not be started, which takes longer than all else
# here. The agent has steps of its own in every stage but rootfs. A configuration with steps contains the stage's name; on the
# command line, words name further configurations.
kairos_stage_is_empty() {
    # A live medium has further places.
    [ "$1" = rootfs ] && [ "$kairos_state" != live ] || return 1
    case $kairos_cmdline in
        *kairos.config* | *config_url=* | *cos.setup=* | *' stages'*) return 1 ;;
    esac
    for kairos_place in "$NEWROOT/system/oem" "$NEWROOT/oem" "$NEWROOT/usr/local/cloud-config" "$NEWROOT/etc/kairos"; do
        if grep -rqs -e "$1" -e cloud-init-paths "$kairos_place"; then return 1; fi
    done
}

# Configurations of this stage use absolute paths with the initramfs as their root. Only their own directories, the settings of
# the agent with its trust policy, its C library and the target of its link are borrowed from the image while the stage runs.
kairos_run_outside() {
    kairos_links=
    mkdir -p /etc /usr/lib/kairos
    # Programs of the initramfs may use some of the libraries.
    if [ -d /usr/lib/kairos/libc ] && [ ! -L /usr/lib/kairos/libc ]; then
        set +f
        for kairos_link in "$NEWROOT"/usr/lib/kairos/libc/*; do
            kairos_other=/usr/lib/kairos/libc/${kairos_link##*/}
            [ -e "$kairos_other" ] || ln -s "$kairos_link" "$kairos_other"
        done
        set -f
    fi
    for kairos_link in /system /oem /etc/kairos /usr/lib/kairos/libc "$(readlink "$NEWROOT/usr/bin/kairos-agent")"; do
        case $kairos_link in
            /*) ;;
            *) continue ;;
        esac
        if [ ! -e "$kairos_link" ] && ln -s "$NEWROOT$kairos_link" "$kairos_link"; then
            kairos_links="$kairos_links $kairos_link"
        fi
    done
    "$NEWROOT/usr/bin/kairos-agent" run-stage "$1"
    kairos_result=$?
    # shellcheck disable=SC2086
    [ -z "$kairos_links" ] || rm -f $kairos_links
    return "$kairos_result"
}
