#!/bin/sh
# `make rollback`: the release that ran before runs again; a second time leads back.

here=$(cd "${0%/*}" && pwd)
. "$here/layout.sh"
. "$here/service.sh"
. "$here/switch.sh"

check_machine
cd /
before=$(linked previous)
if [ -z "$before" ] || [ "$before" = "$(linked current)" ]; then
    fail "there is no release to go back to in $code/releases"
fi
change_to "$before"
