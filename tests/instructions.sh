#!/usr/bin/env bash
# How many instructions a page takes, from its bytes to what is to be done with each of its records. Counted by
# callgrind, so that the figure is the same on a busy machine: the difference between 11 pages and one, by ten.
#
# The bounds are a tenth above what was counted last (docs/performance.md); a new compiler moves a figure by less.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install/valgrind.sh
if [ -z "$VALGRIND" ]; then
    printf '\n*** SKIPPED: instructions are not counted: there is no valgrind ***\n\n' >&2
    exit 0
fi
cargo build --quiet --release --locked -p bench

log=$(mktemp)
trap 'rm -f "$log"' EXIT

counted() { # CASE TIMES
    "$VALGRIND" --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" \
        target/release/bench page "$1" "$2" >&2
    sed -n 's/.*Collected : //p' "$log"
}

bound() { # CASE BOUND
    local one eleven each
    one=$(counted "$1" 1)
    eleven=$(counted "$1" 11)
    each=$(((eleven - one) / 10))
    printf 'guard: a page, %s (%s): %s instructions, at most %s\n' \
        "$1" "$(target/release/bench page "$1" 1)" "$each" "$2"
    if [ "$each" -le 0 ] || [ "$each" -gt "$2" ]; then
        printf 'guard: a page, %s: too many instructions\n' "$1" >&2
        exit 1
    fi
}

bound incidents 1785000
bound incidents-known 1785000
bound alerts 9965000
bound alerts-known 9965000
bound large 24437000
bound large-known 24437000
# Into SQLite, and asked of it: what is known is not written again.
bound alerts-stored 19022000
bound alerts-stored-known 12815000
