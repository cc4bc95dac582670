# Sourced: sets BENCH_PYTHON to a Python with what a function in Python would use, boto3 and requests, and with
# Microsoft's own SDK for Graph. They go to a venv under .tools/ (some minutes and 500 MB, once).
# shellcheck shell=bash
bench_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/install/venv.sh
. "$bench_root/tests/install/venv.sh"
venv bench
export BENCH_PYTHON="$bench_root/.tools/bench/bin/python"
test -x "$BENCH_PYTHON"
