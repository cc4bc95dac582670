#!/usr/bin/env bash
# Builds each bootstrap by itself: one build of the whole workspace would unify features into all of them. Each must
# need no newer libc than Amazon Linux 2023 has, which is what Lambda runs it on, and be small: what is not there need
# not be fetched, unpacked and paged in at a cold start.
set -euo pipefail
cd "$(dirname "$0")/.."
most_zipped=3000000
tests/install/cargo-auditable.sh
export PATH="$PWD/.tools/bin:$PATH"

# Functions that are the same to the byte are linked once (icf), and texts share their ends (O2), where the linker can do
# that: LLD, which Rust links with on x86-64. Nothing here asks whether two functions have one address.
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
fold=(-C link-arg=-Wl,--icf=all -C link-arg=-Wl,-O2)
folded=()
if rustc --crate-name probe -o "$probe/probe" "${fold[@]}" - <<<'fn main() {}' 2>/dev/null; then
    folded=("${fold[@]}")
fi

# What is fast in a sync's bootstrap for the sake of its pages is small in that of connections, whose tests read one page
# of each list.
small=()
for package in flate2 graph-security miniz_oxide serde_json xxhash-rust; do
    small+=(--config "profile.bootstrap.package.$package.opt-level=\"z\"")
done

for bootstrap in test-connection sync-incidents connections tenant-calls; do
    # tenant-calls is asked now and then; the others answer people, or a timer each minute. sync-incidents also does what an
    # operator asks, for now beyond the 6,000,000 bytes that the others have.
    most_bytes=6000000
    case $bootstrap in
        tenant-calls) most_bytes=6500000 ;;
        sync-incidents) most_bytes=6100000 ;;
    esac
    options=()
    [ "$bootstrap" != connections ] || options=("${small[@]}")
    # `cargo audit bin` and other scanners read from the file which crates it is made of.
    cargo auditable rustc -p "$bootstrap" --profile bootstrap --locked --bin "$bootstrap" "${options[@]}" -- "${folded[@]}"
    file=target/bootstrap/$bootstrap
    libc=$(objdump -T "$file" | { grep -o 'GLIBC_2[.0-9]*' || true; } | sort -Vu | tail -1)
    if [ -z "$libc" ] || [ "$(printf '%s\nGLIBC_2.34\n' "$libc" | sort -V | tail -1)" != GLIBC_2.34 ]; then
        printf 'bootstrap %s: needs %s, and Lambda has GLIBC_2.34\n' "$bootstrap" "${libc:-no libc that is known}" >&2
        exit 1
    fi
    if ! objdump -h "$file" | grep -F .dep-v0 >/dev/null; then
        printf 'bootstrap %s: does not say which crates it is made of\n' "$bootstrap" >&2
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
