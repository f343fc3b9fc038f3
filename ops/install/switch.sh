# shellcheck shell=sh
# Which release runs. Needs layout.sh and service.sh. Three links say it at any moment:
#   current   what launchd starts
#   running   what was ready under launchd, and has been left alone since; missing during a change
#   previous  what ran before, and where a rollback leads

linked() { # LINK
    target=$(readlink "$code/$1") || return 0
    echo "${target##*/}"
}

# A link moved into a directory replaces its namesake there at once; `ln -f` leaves a moment without.
link() { # LINK RELEASE
    ln -sfn "releases/$2" "$code/.new/$1" && mv -f "$code/.new/$1" "$code/"
}

switch_to() { # RELEASE
    ran=$(linked running)
    if [ -n "$ran" ] && [ "$ran" != "$1" ]; then
        link previous "$ran" || return
    fi
    rm -f "$code/running" && link current "$1" && place_plist "$server" "$1" &&
        boot_out "$server" && boot_in "$server" && await_ready && link running "$1"
}

# Ends the script with status 1 where the release does not become ready; what ran before runs again then.
change_to() { # RELEASE
    older=$(linked previous)
    say "switching to $1"
    if switch_to "$1"; then
        say "$1 is ready"
        return
    fi
    show_last_lines >&2
    before=$(linked previous)
    if [ -z "$before" ] || [ "$before" = "$1" ]; then
        remove_job "$server" || true
        rm -f "$code/current"
        fail "$1 did not become ready, and is not in service; see the lines above"
    fi
    say "$1 did not become ready; going back to $before" >&2
    switch_to "$before" || fail "$before is not ready either; see docs/runbook.md"
    remember "$older" "$before"
    fail "$before runs again; the lines above say what was wrong with $1"
}

# A rollback leads where it led before; to what runs already it would lead nowhere.
remember() { # PREVIOUS RUNNING
    if [ -z "$1" ] || [ "$1" = "$2" ]; then
        rm -f "$code/previous"
    else
        link previous "$1"
    fi
}

show_last_lines() {
    for file in "$launchd_log" "$daemon_log"; do
        if [ -s "$file" ]; then
            echo "the last lines of $file:"
            tail -n 50 "$file"
        fi
    done
}
