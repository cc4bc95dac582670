#!/usr/bin/env bash
# Checks docs/openapi.yaml against the functions' own handlers, with requests by the thousand for SECONDS (90):
# no answer is a 5xx, and none is undocumented in status, header or body. A seed can be given for a repetition.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${SECONDS_OF_SCHEMATHESIS:-90}
seed=${SEED:-$RANDOM}
work=$(mktemp -d)
trap 'exec 3>&- 4<&- || true; rm -rf "$work"' EXIT

cargo build -p connections --example serve --locked
# The server ends with its standard input.
mkfifo "$work/stdin" "$work/stdout"
target/debug/examples/serve <"$work/stdin" >"$work/stdout" &
exec 3>"$work/stdin" 4<"$work/stdout"
# Its first line says where it listens. There is none if it ends before.
read -r ready <&4 || { printf 'schemathesis: the server has ended\n' >&2; exit 1; }
url=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["url"])' "$ready")

# One worker: in Python 3.11 two parse source at once, which is not safe there.
printf 'schemathesis: %s s, seed %s\n' "$seconds" "$seed"
.tools/schemathesis/bin/schemathesis --config-file tests/schemathesis.toml run docs/openapi.yaml \
    --url "$url" --header 'Authorization: Bearer owner-schemathesis' \
    --max-time "$seconds" --seed "$seed" --workers 1 --continue-on-failure --no-color
