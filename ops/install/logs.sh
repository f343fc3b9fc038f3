#!/bin/sh
# `make logs`: the last lines of lwd's logs, and what comes; Ctrl-C ends it.

here=$(cd "${0%/*}" && pwd)
. "$here/layout.sh"

[ -e "$launchd_log" ] || [ -e "$daemon_log" ] ||
    fail "no log at $daemon_log: sudo make install, or make status"
exec tail -n 100 -F "$launchd_log" "$daemon_log"
