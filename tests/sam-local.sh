#!/usr/bin/env bash
# `sam local invoke` of each function with its events, in Docker. Without an engine it is skipped, aloud.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install/rie.sh
. tests/install/ministack.sh
export SAM="$rie_venv/bin/sam" SAM_CLI_TELEMETRY=0
trap 'docker_stop' EXIT
. tests/install/docker.sh
if [ "${docker_engine:-some}" = none ]; then
    printf '\n*** SKIPPED: sam local invoke: there is no Docker engine, and none can be installed ***\n\n' >&2
    exit 0
fi
cargo build --workspace --example simulator --locked
"$rie_venv/bin/python" tests/aws/sam_local.py
