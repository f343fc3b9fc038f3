#!/bin/sh
# `make status`: what is installed, what launchd knows and what lwd says. Status 0 means ready.

here=$(cd "${0%/*}" && pwd)
. "$here/layout.sh"
. "$here/service.sh"
. "$here/switch.sh"

for link in current running previous; do
    name=$(linked "$link")
    echo "$link: ${name:--}"
done
for label in "$server" "$health" "$gpu"; do
    if is_loaded "$label"; then
        echo "$label: loaded"
    else
        echo "$label: not loaded"
    fi
done
[ -n "$(linked current)" ] || fail "not installed in $code: sudo make install"
is_ready
