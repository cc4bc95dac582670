#!/usr/bin/env bash
# schemathesis, in a Python environment of its own in .tools/.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/install/venv.sh
. "$root/tests/install/venv.sh"
venv schemathesis
