# shellcheck shell=sh
# Shows the notices of the agent after a login, where no PAM module does.
case $- in
    *i*) grep -qs pam_motd /etc/pam.d/* || cat /etc/motd.d/* 2>/dev/null || : ;;
esac
