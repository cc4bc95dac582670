#!/usr/bin/env bash
# The whole thing live on an AWS of one's own: five minutes, most of which is waiting for the timer.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install/rie.sh
. tests/install/ministack.sh
cargo build --workspace --example simulator --locked
"$rie_venv/bin/python" tests/aws/e2e.py
