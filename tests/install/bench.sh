# Sourced: sets BENCH_PYTHON to a Python with what a function in Python would use, boto3 and requests, and with
# Microsoft's own SDK for Graph. They go to a venv under .tools/ (some minutes and 500 MB, once).
# shellcheck shell=bash
bench_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bench_venv=$bench_root/.tools/bench
bench_pins='boto3==1.44.8 requests==2.34.2 msgraph-sdk==1.65.0'
if [ "$(cat "$bench_venv/pins" 2>/dev/null)" != "$bench_pins" ]; then
    python3 -m venv "$bench_venv"
    # shellcheck disable=SC2086 # they are three words
    "$bench_venv/bin/pip" install --quiet --disable-pip-version-check $bench_pins
    printf '%s\n' "$bench_pins" >"$bench_venv/pins"
fi
export BENCH_PYTHON="$bench_venv/bin/python"
test -x "$BENCH_PYTHON"
