#!/usr/bin/env bash
# Builds each bootstrap by itself: one build of the whole workspace would unify features into all of them. Each must
# need no newer libc than Amazon Linux 2023 has, which is what Lambda runs it on, and be small: what is not there need
# not be fetched, unpacked and paged in at a cold start.
set -euo pipefail
cd "$(dirname "$0")/.."
most_zipped=3000000
for bootstrap in test-connection sync-incidents connections tenant-calls; do
    # tenant-calls is asked now and then; the others answer people, or a timer each minute. connections has grown by 65 KB
    # beyond 6 MB, which it is to come back under.
    most_bytes=6100000
    [ "$bootstrap" != tenant-calls ] || most_bytes=6500000
    cargo build -p "$bootstrap" --profile bootstrap --locked --bin "$bootstrap"
    file=target/bootstrap/$bootstrap
    libc=$(objdump -T "$file" | { grep -o 'GLIBC_2[.0-9]*' || true; } | sort -Vu | tail -1)
    if [ -z "$libc" ] || [ "$(printf '%s\nGLIBC_2.34\n' "$libc" | sort -V | tail -1)" != GLIBC_2.34 ]; then
        printf 'bootstrap %s: needs %s, and Lambda has GLIBC_2.34\n' "$bootstrap" "${libc:-no libc that is known}" >&2
        exit 1
    fi
    bytes=$(stat -c %s "$file")
    # A zip archive has the same stream, and 150 bytes around it.
    zipped=$(($(gzip -9 <"$file" | wc -c) + 150))
    printf 'bootstrap %s: %s bytes (at most %s), zipped %s (at most %s), needs %s\n' \
        "$bootstrap" "$bytes" "$most_bytes" "$zipped" "$most_zipped" "$libc"
    if [ "$bytes" -gt "$most_bytes" ] || [ "$zipped" -gt "$most_zipped" ]; then
        printf 'bootstrap %s: too large\n' "$bootstrap" >&2
        exit 1
    fi
done
