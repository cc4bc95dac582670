#!/usr/bin/env bash
# The desk runner's page in a real browser, by real clicks and keys. Its screenshots go to target/screenshots/.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install/browser.sh
if [ -z "$SOC_ANYWHERE_PYTHON" ]; then
    printf '\n*** SKIPPED: the page in a browser: there is no chromium with chromedriver on this machine ***\n\n' >&2
    exit
fi
# With the workspace's features, for which everything is built already after `cargo test --workspace`.
cargo build --workspace --locked --bin soc-anywhere --example simulator
exec "$SOC_ANYWHERE_PYTHON" -B -m pytest -q --exitfirst -p no:cacheprovider tests/browser "$@"
