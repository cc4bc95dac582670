#!/usr/bin/env bash
# Is a vulnerability known of a crate that is used, or was one withdrawn? The database of advisories and the registry's
# index are on the network. Where they cannot be fetched that is said aloud, and is no failure unless --required.
set -euo pipefail
cd "$(dirname "$0")/.."
tests/install/cargo-deny.sh
export PATH="$PWD/.tools/bin:$PATH"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! timeout 300 cargo deny --all-features fetch db index >"$log" 2>&1; then
    cat "$log" >&2
    printf '\n*** advisories: SKIPPED: the database of advisories cannot be fetched ***\n\n' >&2
    [ "${1:-}" != --required ] || exit 1
    exit 0
fi
cargo deny --all-features check --disable-fetch advisories
