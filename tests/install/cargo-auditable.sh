#!/usr/bin/env bash
# cargo-auditable, built by cargo into .tools/ (a minute, once). It does not tell its own version; cargo keeps it.
set -euo pipefail
version=0.7.7
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! grep -qF "\"cargo-auditable $version " "$root/.tools/.crates.toml" 2>/dev/null; then
    cargo install cargo-auditable --version "$version" --locked --root "$root/.tools" --debug
fi
