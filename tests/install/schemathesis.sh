#!/usr/bin/env bash
# schemathesis, in a Python environment of its own in .tools/.
set -euo pipefail
version=4.32.5
root=$(cd "$(dirname "$0")/../.." && pwd)
venv="$root/.tools/schemathesis"
if ! "$venv/bin/schemathesis" --version 2>/dev/null | grep -qF "$version"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"
fi
