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
    if [ "${CI:-false}" = true ] && command -v dockerd >/dev/null; then
        tail -5 .tools/docker/log >&2
        printf 'sam local invoke: the Docker engine that was installed does not start\n' >&2
        exit 1
    fi
    printf '\n*** SKIPPED: sam local invoke: there is no Docker engine, and none can be installed ***\n\n' >&2
    exit 0
fi
[ -n "${SOC_ANYWHERE_BOOTSTRAPS:-}" ] || tests/bootstraps.sh
# As `cargo test --workspace` builds it: of one package alone the same crates would be built anew.
cargo build --workspace --example simulator --locked
"$rie_venv/bin/python" tests/aws/sam_local.py
