#!/usr/bin/env bash
# LICENSE-3rdparty.csv has every crate that a bootstrap or the desk runner links, with its licence and where its text and
# its authors are. `tests/third-party.sh --write` writes the file anew.
set -euo pipefail
cd "$(dirname "$0")/.."
listed() {
    printf 'crate,licence,repository\n'
    # For the machines that bootstraps run on: what only another system links is not shipped.
    cargo tree --locked --edges normal --prefix none --format '{p}|{l}|{r}' --target x86_64-unknown-linux-gnu \
        --package connections --package sync-incidents --package tenant-calls --package test-connection --package soc-anywhere |
        grep -v " ($PWD\|^$" | sed -E 's/ \(\*\)$//; s/ v[^|]*\|/|/' | LC_ALL=C sort -u |
        awk -F'|' '{ printf "%s,\"%s\",%s\n", $1, $2, $3 }'
}
found=$(listed)
count=$(($(wc -l <<<"$found") - 1))
[ "$count" -gt 50 ] || { printf 'third parties: only %s crates were found\n' "$count" >&2; exit 1; }
if without=$(grep ',"",' <<<"$found"); then
    printf 'third parties: without a licence: %s\n' "$without" >&2
    exit 1
fi
if [ "${1:-}" = --write ]; then
    printf '%s\n' "$found" >LICENSE-3rdparty.csv
elif ! diff LICENSE-3rdparty.csv <(printf '%s\n' "$found") >&2; then
    printf 'third parties: LICENSE-3rdparty.csv is not what is linked: tests/third-party.sh --write\n' >&2
    exit 1
fi
printf 'third parties: %s crates with their licences\n' "$count"
