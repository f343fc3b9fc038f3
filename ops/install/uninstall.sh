#!/bin/sh
# `make uninstall`: stops lwd and removes it. Configuration, models and logs stay, unless PURGE=1.

here=$(cd "${0%/*}" && pwd)
. "$here/layout.sh"
. "$here/account.sh"
. "$here/service.sh"

check_machine
remove_job "$health"
remove_job "$server"
remove_job "$gpu"
rm -f "$newsyslog_conf" "$newsyslog_conf.new"
rm -rf "$code"
if [ "${PURGE:-}" = 1 ]; then
    rm -rf "$settings" "$state" "$logs"
    rm -f "$launchd_log" "$launchd_log".*
    delete_account
    say "removed, with everything that was its own"
else
    say "removed; $settings, $state and $logs are kept (PURGE=1 removes them)"
fi
