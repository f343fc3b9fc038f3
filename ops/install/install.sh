#!/bin/sh
# `make install` and `make upgrade`: brings this checkout into service, whatever was there before.
# Every step finds out what is done already, so it can be interrupted anywhere and run again.
# With DESTDIR nothing of the machine is touched: the files are laid out below it.

here=$(cd "${0%/*}" && pwd)
SOURCE=$(cd "$here/../.." && pwd)
PLATFORM=${PLATFORM:-macos-arm64}
. "$here/layout.sh"
. "$here/account.sh"
. "$here/release.sh"
. "$here/service.sh"
. "$here/switch.sh"

make_directories() {
    mkdir -p "$code/releases" "$code/.new" "$settings" "$state" "$logs"
    own 750 "root:$SERVICE_USER" "$settings"
    own 750 "$SERVICE_USER:$SERVICE_USER" "$state" "$logs"
    # It lies in a directory that the service cannot write: launchd may open it as root.
    [ -e "$launchd_log" ] || : >"$launchd_log"
    own 640 "$SERVICE_USER:$SERVICE_USER" "$launchd_log"
}

own() { # MODE OWNER PATH ...
    mode=$1
    owner=$2
    shift 2
    chmod "$mode" "$@"
    [ -n "$DESTDIR" ] || chown "$owner" "$@"
}

# The first time only: from then on it is the operator's. It is the default but for where lwd logs.
place_config() {
    if [ ! -e "$config" ]; then
        sed "s|^  file: null\$|  file: ${daemon_log#"$DESTDIR"}|" "$SOURCE/config/lwd.yaml" >"$config.new"
        own 640 "root:$SERVICE_USER" "$config.new"
        mv -f "$config.new" "$config"
    fi
}

# Empty leaves the job as it is, 0 removes it.
install_gpu_job() { # RELEASE
    case ${GPU_WIRED_LIMIT_MB:-} in
        '') ;;
        0) remove_job "$gpu" ;;
        *[!0-9]*) fail "GPU_WIRED_LIMIT_MB=$GPU_WIRED_LIMIT_MB: expected a number of MiB" ;;
        *) install_job "$gpu" "$1" ;;
    esac
}

stage() {
    make_directories
    place_config
    build_release "$name"
    link current "$name"
    case $PLATFORM in
        macos-*) stage_jobs ;;
    esac
    say "$name is laid out in $DESTDIR"
}

stage_jobs() {
    mkdir -p "$DESTDIR$DAEMONDIR" "$DESTDIR$NEWSYSLOGDIR"
    for label in "$server" "$health"; do
        place "$SOURCE/launchd/$label.plist.in" "$(plist_of "$label")" true
    done
    place "$SOURCE/launchd/newsyslog.conf.in" "$newsyslog_conf" true
}

bring_into_service() {
    make_account
    make_directories
    place_config
    build_release "$name"
    prepare_release "$name"
    place "$SOURCE/launchd/newsyslog.conf.in" "$newsyslog_conf" newsyslog -n -f
    install_gpu_job "$name"
    if serves "$name"; then
        say "$name is in service already"
    else
        change_to "$name"
    fi
    install_job "$health" "$name"
    prune_releases
}

serves() { # RELEASE
    [ "$(linked running)" = "$1" ] && [ -e "$(plist_of "$server")" ] &&
        render "$code/releases/$1/launchd/$server.plist.in" | cmp -s - "$(plist_of "$server")" &&
        is_loaded "$server" && is_ready >/dev/null 2>&1
}

[ -n "${PYTHON:-}" ] || fail "lwd needs Python 3.11 to 3.14. Name one: PYTHON=/path/to/python3.12"
name=$(release_name)
if [ -n "${WHEELHOUSE:-}" ]; then
    WHEELHOUSE=$(cd "$WHEELHOUSE" && pwd)
fi
if [ -n "$DESTDIR" ]; then
    stage
    exit
fi
check_machine
if [ "${1:-}" = upgrade ] && [ -z "$(linked current)" ]; then
    fail "there is no lwd in $code to upgrade: make install"
fi
cd /
bring_into_service
