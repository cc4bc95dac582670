# Sourced: sets VALGRIND, which counts instructions. It is Debian's: installed with CI=true, and otherwise the one that
# is there. Where there is none the variable is empty.
# shellcheck shell=bash
if ! command -v valgrind >/dev/null && [ "${CI:-false}" = true ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends valgrind
fi
VALGRIND=$(command -v valgrind || true)
if [ -z "$VALGRIND" ] && [ "${CI:-false}" = true ]; then
    echo 'valgrind was installed and is not there' >&2
    false
fi
export VALGRIND
