#!/usr/bin/env bash
# The whole thing live on an AWS of one's own: two and a half minutes, most of which is waiting for the timer.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install/rie.sh
. tests/install/ministack.sh
. tests/install/venv.sh
venv awscli
[ -n "${SOC_ANYWHERE_BOOTSTRAPS:-}" ] || tests/bootstraps.sh
# As `cargo test --workspace` builds it: of one package alone the same crates would be built anew.
cargo build --workspace --example simulator --locked
"$rie_venv/bin/python" tests/aws/e2e.py
