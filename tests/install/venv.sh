# Sourced: venv NAME makes .tools/NAME a Python environment with just the packages of locks/NAME.txt, once. A file whose
# hash is not there is refused.
# shellcheck shell=bash
venv() { # NAME
    local here folder
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    folder=$(cd "$here/../.." && pwd)/.tools/$1
    if ! cmp -s "$here/locks/$1.txt" "$folder/lock"; then
        python3 -m venv --clear "$folder"
        locked "$folder" "$1"
        cp "$here/locks/$1.txt" "$folder/lock"
    fi
}

# Installs locks/NAME.txt into the environment in FOLDER.
locked() { # FOLDER NAME
    local here
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    "$1/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$here/locks/$2.txt"
}
