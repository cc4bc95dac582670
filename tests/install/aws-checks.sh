# Sourced: sets CFN_LINT and CHECKOV, and SAM by rie.sh. Each has a venv of its own under .tools/, because their
# boto3 differ (two minutes and 500 MB, once).
# shellcheck shell=bash
checks_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/install/rie.sh
. "$checks_root/tests/install/rie.sh"
export SAM="$rie_venv/bin/sam" SAM_CLI_TELEMETRY=0

# shellcheck source=tests/install/venv.sh
. "$checks_root/tests/install/venv.sh"
venv cfn-lint
venv checkov
venv cargo-lambda
export CFN_LINT="$checks_root/.tools/cfn-lint/bin/cfn-lint"
export CHECKOV="$checks_root/.tools/checkov/bin/checkov"
export CARGO_LAMBDA="$checks_root/.tools/cargo-lambda/bin/cargo-lambda"
test -x "$SAM" && test -x "$CFN_LINT" && test -x "$CHECKOV" && test -x "$CARGO_LAMBDA"
