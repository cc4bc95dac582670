#!/usr/bin/env bash
# Builds each bootstrap by itself: one build of the whole workspace would unify features into all of them. Each must
# need no newer libc than Amazon Linux 2023 has, which is what Lambda runs it on.
set -euo pipefail
cd "$(dirname "$0")/.."
for bootstrap in test-connection sync-incidents connections; do
    cargo build -p "$bootstrap" --profile bootstrap --locked --bin "$bootstrap"
    file=target/bootstrap/$bootstrap
    libc=$(objdump -T "$file" | grep -o 'GLIBC_2[.0-9]*' | sort -Vu | tail -1)
    if [ -z "$libc" ] || [ "$(printf '%s\nGLIBC_2.34\n' "$libc" | sort -V | tail -1)" != GLIBC_2.34 ]; then
        printf 'bootstrap %s: needs %s, and Lambda has GLIBC_2.34\n' "$bootstrap" "${libc:-no libc that is known}" >&2
        exit 1
    fi
    printf 'bootstrap %s: %s bytes, needs %s\n' "$bootstrap" "$(stat -c %s "$file")" "$libc"
done
