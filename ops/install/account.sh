# shellcheck shell=sh
# The account that lwd runs as: hidden, without a password, a shell or rights. Needs layout.sh.

# Its user and group share a number; macOS keeps 450 to 499 for role accounts.
make_account() {
    if dscl . -read "/Users/$SERVICE_USER" Password >/dev/null 2>&1; then
        return # its last part is there
    fi
    number=$(account_number)
    [ -n "$number" ] || fail "no number from 450 to 499 is free for the account $SERVICE_USER"
    dscl . -create "/Groups/$SERVICE_USER" PrimaryGroupID "$number"
    dscl . -create "/Groups/$SERVICE_USER" Password '*'
    dscl . -create "/Users/$SERVICE_USER" UniqueID "$number"
    dscl . -create "/Users/$SERVICE_USER" PrimaryGroupID "$number"
    dscl . -create "/Users/$SERVICE_USER" NFSHomeDirectory "$state"
    dscl . -create "/Users/$SERVICE_USER" UserShell /usr/bin/false
    dscl . -create "/Users/$SERVICE_USER" RealName "lwd speech recognition"
    dscl . -create "/Users/$SERVICE_USER" IsHidden 1
    dscl . -create "/Users/$SERVICE_USER" Password '*'
}

account_number() {
    dscl . -read "/Groups/$SERVICE_USER" PrimaryGroupID 2>/dev/null | awk '{ print $2 }' | grep . ||
        {
            dscl . -list /Users UniqueID
            dscl . -list /Groups PrimaryGroupID
        } | awk '
            { taken[$NF] = 1 }
            END { for (n = 450; n < 500; n++) if (!(n in taken)) { print n; exit } }'
}

delete_account() {
    for record in "/Users/$SERVICE_USER" "/Groups/$SERVICE_USER"; do
        if dscl . -read "$record" >/dev/null 2>&1; then
            dscl . -delete "$record"
        fi
    done
}

as_service() { # COMMAND ...
    sudo -u "$SERVICE_USER" env HOME="$state" "$@"
}
