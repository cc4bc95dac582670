#!/usr/bin/env bash
# Resolves each NAME.in here to NAME.txt: every package that it takes, with the hashes of its files, for every platform.
# Run it after a change of a NAME.in; it takes a minute and the network. uv, which resolves, is itself of uv.txt.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work"
"$work/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps -r uv.txt
for pins in *.in; do
    # Of axe's package only the script itself is used.
    [ "$pins" = axe.in ] && alone=--no-deps || alone=
    # shellcheck disable=SC2086 # it is one word or none
    "$work/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        $alone "$pins" -o "${pins%.in}.txt"
done
