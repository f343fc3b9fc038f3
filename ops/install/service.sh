# shellcheck shell=sh
# launchd's jobs: in force as their templates say, or gone. Needs layout.sh.
# Functions return a status instead of ending the script, so that their caller can take things back.

render() { # TEMPLATE
    sed -e "s|@LABEL@|$server|g" -e "s|@HEALTH_LABEL@|$health|g" -e "s|@GPU_LABEL@|$gpu|g" \
        -e "s|@CODE@|${code#"$DESTDIR"}|g" -e "s|@CONFIG@|${config#"$DESTDIR"}|g" \
        -e "s|@STATE@|${state#"$DESTDIR"}|g" -e "s|@LOGS@|${logs#"$DESTDIR"}|g" \
        -e "s|@LAUNCHD_LOG@|${launchd_log#"$DESTDIR"}|g" -e "s|@USER@|$SERVICE_USER|g" \
        -e "s|@GPU_WIRED_LIMIT_MB@|${GPU_WIRED_LIMIT_MB:-}|g" "$1"
}

# launchctl's text is for people; whether it finds the job is its status.
is_loaded() { # LABEL
    launchctl print "system/$1" >/dev/null 2>&1
}

# bootout returns before the job is gone, and a bootstrap that comes too early fails.
boot_out() { # LABEL
    is_loaded "$1" || return 0
    said=$(launchctl bootout "system/$1" 2>&1) || true
    polls=0
    while is_loaded "$1"; do
        polls=$((polls + 1))
        if [ "$polls" -gt 60 ]; then
            say "$1 does not end: ${said:-launchctl print system/$1 still finds it}" >&2
            return 1
        fi
        sleep 1
    done
}

# Error 5 is what launchd says while the old job is still going, and for a plist that it refuses.
boot_in() { # LABEL
    launchctl enable "system/$1" || return
    tries=0
    while true; do
        status=0
        launchctl bootstrap system "$(plist_of "$1")" || status=$?
        tries=$((tries + 1))
        if [ "$status" -ne 5 ] || [ "$tries" -gt 5 ]; then
            return "$status"
        fi
        sleep 1
    done
}

# A file that nobody sees half-written. Sets `changed` to whether it differs from what was there.
place() { # TEMPLATE FILE CHECK ...
    template=$1
    file=$2
    shift 2
    render "$template" >"$file.new" && "$@" "$file.new" >/dev/null || return
    changed=no
    if cmp -s "$file.new" "$file"; then
        rm "$file.new"
    else
        changed=yes
        mv -f "$file.new" "$file"
    fi
}

place_plist() { # LABEL RELEASE
    place "$code/releases/$2/launchd/$1.plist.in" "$(plist_of "$1")" plutil -lint
}

# Of a job that runs as it should nothing is restarted.
install_job() { # LABEL RELEASE
    place_plist "$1" "$2" || return
    if [ "$changed" = no ] && is_loaded "$1"; then
        return
    fi
    boot_out "$1" && boot_in "$1"
}

remove_job() { # LABEL
    boot_out "$1" && rm -f "$(plist_of "$1")" "$(plist_of "$1").new"
}

is_ready() {
    "$code/current/ops/healthcheck" ready "$config"
}

await_ready() {
    polls=0
    until is_ready >/dev/null 2>&1; do
        polls=$((polls + 1))
        if [ "$polls" -gt "${READY_WITHIN_S:-180}" ]; then
            return 1
        fi
        sleep 1
    done
}
