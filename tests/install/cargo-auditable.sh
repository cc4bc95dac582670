#!/usr/bin/env bash
# cargo-auditable, built by cargo into .tools/ (half a minute, once).
set -euo pipefail
version=0.7.7
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! [ -x "$root/.tools/bin/cargo-auditable" ] || [ "$(cat "$root/.tools/cargo-auditable" 2>/dev/null)" != "$version" ]; then
    cargo install cargo-auditable --version "$version" --locked --root "$root/.tools" --debug
    printf '%s\n' "$version" >"$root/.tools/cargo-auditable"
fi
