#!/usr/bin/env bash
# Builds each bootstrap by itself: one build of the whole workspace would unify features into all of them.
set -euo pipefail
cd "$(dirname "$0")/.."
for bootstrap in test-connection; do
    cargo build -p "$bootstrap" --profile bootstrap --locked --bin "$bootstrap"
    printf 'bootstrap %s: %s bytes\n' "$bootstrap" "$(stat -c %s "target/bootstrap/$bootstrap")"
done
