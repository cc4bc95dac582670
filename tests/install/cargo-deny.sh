#!/usr/bin/env bash
# cargo-deny, built by cargo into .tools/ (some minutes, once).
set -euo pipefail
version=0.20.2
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! "$root/.tools/bin/cargo-deny" --version 2>/dev/null | grep -qF "$version"; then
    cargo install cargo-deny --version "$version" --locked --no-default-features --root "$root/.tools" --debug
fi
