# Sourced: sets SOC_ANYWHERE_MINISTACK and SOC_ANYWHERE_MICROBURST, an AWS for the desk and a proxy that makes it
# fail as AWS does. They go to a venv
# under .tools/ (half a minute and 130 MB, once). One pip call, so that their dependencies are resolved together.
# shellcheck shell=bash
ministack_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
ministack_venv=$ministack_root/.tools/ministack
ministack_pins='ministack==1.5.33 microburst==0.10.0 cryptography==50.0.2 aws-sam-translator==1.115.0'
if [ "$(cat "$ministack_venv/pins" 2>/dev/null)" != "$ministack_pins" ]; then
    python3 -m venv "$ministack_venv"
    # shellcheck disable=SC2086 # they are four words
    "$ministack_venv/bin/pip" install --quiet --disable-pip-version-check $ministack_pins
    printf '%s\n' "$ministack_pins" >"$ministack_venv/pins"
fi
export SOC_ANYWHERE_MINISTACK="$ministack_venv/bin/ministack"
export SOC_ANYWHERE_MICROBURST="$ministack_venv/bin/microburst"
test -x "$SOC_ANYWHERE_MINISTACK" && test -x "$SOC_ANYWHERE_MICROBURST"
