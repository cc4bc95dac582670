#!/usr/bin/env bash
# Runs the workspace's tests, those under the emulators too, N times in a row (10) on a machine that is kept busy, and
# prints what failed how often: a test that fails now and then is found here and not in CI. Ends with 0 if nothing
# failed. A round takes some minutes. Ctrl-C stops the script, and the next call goes on with the round that was cut
# off, as long as the commit is the same and nothing in the work tree has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tests/install/rie.sh
. tests/install/rie.sh
# shellcheck source=tests/install/ministack.sh
. tests/install/ministack.sh
tests/bootstraps.sh
export SOC_ANYWHERE_RIE="$RIE" SOC_ANYWHERE_BOOTSTRAPS="$PWD/target/bootstrap"
exec python3 -B tests/again/again.py "$@"
