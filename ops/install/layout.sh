# shellcheck shell=sh disable=SC2034
# Where lwd lies on a machine and what its parts are called: the one place that says so.
# Every script sources it. Capital names can be set from outside, as in `make install PREFIX=/usr/local`.

set -eu
umask 022

DESTDIR=${DESTDIR:-}
PREFIX=${PREFIX:-/opt}
SYSCONFDIR=${SYSCONFDIR:-/usr/local/etc}
LOCALSTATEDIR=${LOCALSTATEDIR:-/var}
DAEMONDIR=${DAEMONDIR:-/Library/LaunchDaemons}
NEWSYSLOGDIR=${NEWSYSLOGDIR:-/etc/newsyslog.d}
SERVICE_USER=${SERVICE_USER:-_lwd}

# Each of these is lwd's own, so that it can be removed whole.
code=$DESTDIR$PREFIX/lwd
settings=$DESTDIR$SYSCONFDIR/lwd
state=$DESTDIR$LOCALSTATEDIR/lib/lwd
logs=$DESTDIR$LOCALSTATEDIR/log/lwd

config=$settings/lwd.yaml
daemon_log=$logs/lwd.log
launchd_log=$DESTDIR$LOCALSTATEDIR/log/lwd-launchd.log
newsyslog_conf=$DESTDIR$NEWSYSLOGDIR/lwd.conf

server=io.lwd.server
health=io.lwd.health
gpu=io.lwd.gpu

plist_of() { # LABEL
    echo "$DESTDIR$DAEMONDIR/$1.plist"
}

say() {
    echo "lwd: $*"
}

fail() {
    echo "lwd: $*" >&2
    exit 1
}

check_names() {
    case $PREFIX$SYSCONFDIR$LOCALSTATEDIR$DAEMONDIR$NEWSYSLOGDIR$SERVICE_USER in
        *[!A-Za-z0-9/._-]*) fail "paths and names may have letters, digits and / . _ - alone" ;;
    esac
    for path in "$PREFIX" "$SYSCONFDIR" "$LOCALSTATEDIR" "$DAEMONDIR" "$NEWSYSLOGDIR"; do
        case $path in
            /*) ;;
            *) fail "$path: expected an absolute path" ;;
        esac
    done
}

check_machine() {
    command -v launchctl >/dev/null ||
        fail "this installs a service of macOS; for Linux see docs/operations.md"
    [ "$(id -u)" -eq 0 ] || fail "this changes the system, so it must run as root: sudo make ..."
}

check_names
