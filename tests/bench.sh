#!/usr/bin/env bash
# How small and how fast: builds all that it needs and prints the tables of docs/performance.md. It takes half an hour,
# most of it building. --quick takes a minute once the bootstraps are built, needs no Python, and shows that what
# measures the bootstraps still works.
#
# Wall times are worth what the machine is: what is compared ran in turns, in one run. On Linux only.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(uname -s)" != Linux ]; then
    printf '\n*** SKIPPED: nothing is measured: this is not Linux ***\n\n' >&2
    exit 0
fi
quick=false
[ "${1:-}" != --quick ] || quick=true
. tests/install/ministack.sh

tests/bootstraps.sh
cargo build --locked --release -p bench
cargo build --locked -p soc-anywhere-tests --example seeded
if $quick; then
    target/release/bench first --rounds 2
    target/release/bench idle --rounds 2
    target/release/bench scale --connections 20,40
    exit
fi

. tests/install/bench.sh
cargo build --locked -p hello --profile bootstrap
cargo build --locked --release -p soc-anywhere

bench() { target/release/bench --python "$BENCH_PYTHON" "$@"; }

printf '\n%s, %s, %s CPUs, %s\n' "$(uname -sm)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" \
    "$(nproc)" "$(rustc --version)"
bench startup
bench first
bench idle
bench sync
bench memory
bench scale
tests/instructions.sh
cargo test --locked -p soc-anywhere-tests --test aws calls -- --nocapture
