# Sourced: sets SOC_ANYWHERE_MINISTACK and SOC_ANYWHERE_MICROBURST, an AWS for the desk and a proxy that makes it
# fail as AWS does. They go to a venv under .tools/ (half a minute and 130 MB, once).
# shellcheck shell=bash
ministack_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/install/venv.sh
. "$ministack_root/tests/install/venv.sh"
venv ministack
export SOC_ANYWHERE_MINISTACK="$ministack_root/.tools/ministack/bin/ministack"
export SOC_ANYWHERE_MICROBURST="$ministack_root/.tools/ministack/bin/microburst"
test -x "$SOC_ANYWHERE_MINISTACK" && test -x "$SOC_ANYWHERE_MICROBURST"
