# shellcheck shell=sh
# Releases side by side: each is a directory with its own environment, whole or not there at all.
# Needs layout.sh and account.sh, and from outside SOURCE, PYTHON, PLATFORM and perhaps WHEELHOUSE.

released="lwd launchd ops/healthcheck ops/requirements/$PLATFORM pyproject.toml README.md LICENSE"

# The name changes with anything that is installed, so that the same release is never made twice.
release_name() {
    version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$SOURCE/lwd/__init__.py")
    echo "$version-$(release_contents | cksum | cut -d ' ' -f 1)"
}

release_contents() {
    "$PYTHON" --version
    cd "$SOURCE"
    # shellcheck disable=SC2086 # several words
    find $released -type f ! -name '*.pyc' | LC_ALL=C sort | xargs cat
}

build_release() { # NAME
    directory=$code/releases/$1
    if is_whole "$directory"; then
        return
    fi
    say "building $1"
    rm -rf "$directory"
    mkdir -p "$directory"
    # shellcheck disable=SC2086 # several words
    (cd "$SOURCE" && tar -cf - --exclude __pycache__ $released) | (cd "$directory" && tar -xof -)
    "$PYTHON" -m venv "$directory/.venv"
    locks=$directory/ops/requirements/$PLATFORM
    pip_install "$directory" ${WHEELHOUSE:+--no-index} ${WHEELHOUSE:+"--find-links=$WHEELHOUSE"} \
        --require-hashes --only-binary=:all: \
        --requirement "$locks/runtime.txt" --requirement "$locks/build.txt"
    pip_install "$directory" --no-index --no-build-isolation "$directory"
    touch "$directory/.whole"
}

pip_install() { # DIRECTORY ARGUMENT ...
    environment=$1/.venv
    shift
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$@"
}

# An interpreter that was removed or replaced since then makes a release one to build again.
is_whole() { # DIRECTORY
    [ -e "$1/.whole" ] && (cd / && "$1/.venv/bin/python" -c 'import lwd') 2>/dev/null
}

# Before anything is switched: the release runs as the account, likes the configuration and has its models.
prepare_release() { # NAME
    python=$code/releases/$1/.venv/bin/python
    as_service "$python" -c 'import lwd' ||
        fail "$SERVICE_USER cannot run $PYTHON; name one outside home directories: PYTHON=/path/to/python3.12"
    as_service "$python" -m lwd check-config "$config" >/dev/null ||
        fail "$config does not fit this release; what runs goes on"
    models=$(as_service "$python" -c "$loaded_models" "$config")
    # shellcheck disable=SC2086 # several words
    as_service "$python" -m lwd models pull $models --config "$config"
}

loaded_models='import pathlib, sys; from lwd.config import load_config; print(*load_config(pathlib.Path(sys.argv[1])).model.loaded)'

prune_releases() {
    for directory in "$code"/releases/*; do
        name=${directory##*/}
        case $name in
            "$(linked running)" | "$(linked previous)") ;;
            *) rm -rf "$directory" ;;
        esac
    done
}
