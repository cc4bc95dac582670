#!/usr/bin/env bash
# How small and how fast: builds all that it needs and prints the tables of docs/performance.md. It takes half an hour,
# most of it building; --quick takes a minute once all is built, leaves out what is large, and only shows that it runs.
#
# Wall times are worth what the machine is: what is compared ran in turns, in one run. On Linux only.
set -euo pipefail
cd "$(dirname "$0")/.."
quick=false
[ "${1:-}" != --quick ] || quick=true
. tests/install/bench.sh
. tests/install/ministack.sh

tests/bootstraps.sh
cargo build --locked -p hello --profile bootstrap
cargo build --locked --release -p soc-anywhere -p bench
cargo build --locked -p soc-anywhere-tests --example seeded

bench() { target/release/bench --python "$BENCH_PYTHON" "$@"; }

printf '\n%s, %s, %s CPUs, %s\n' "$(uname -sm)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" \
    "$(nproc)" "$(rustc --version)"
if $quick; then
    bench startup --rounds 3
    bench first --rounds 2
    bench idle --rounds 2
    bench sync --rounds 1 --incidents 300 --alerts 900 --no-sdk
    bench memory --pages 10,100
    bench scale --connections 50,100
else
    bench startup
    bench first
    bench idle
    bench sync
    bench memory
    bench scale
    tests/instructions.sh
    cargo test --locked -p soc-anywhere-tests --test aws calls -- --nocapture
fi
