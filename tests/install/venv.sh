# Sourced: venv NAME PINS makes .tools/NAME a Python environment with just these packages, once. One pip call, so that
# their dependencies are resolved together.
# shellcheck shell=bash
venv() { # NAME PINS
    local folder
    folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.tools/$1
    if [ "$(cat "$folder/pins" 2>/dev/null)" != "$2" ]; then
        python3 -m venv "$folder"
        # shellcheck disable=SC2086 # they are words
        "$folder/bin/pip" install --quiet --disable-pip-version-check $2
        printf '%s\n' "$2" >"$folder/pins"
    fi
}
