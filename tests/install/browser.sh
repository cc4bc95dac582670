# Sourced: sets SOC_ANYWHERE_PYTHON to a Python that drives a browser: selenium (https://www.selenium.dev/) with
# pytest, and axe-core (https://github.com/dequelabs/axe-core), of whose package only the script itself is used.
# They go to a venv under .tools/ (half a minute and 90 MB, once). The browser is Debian's Chromium with its driver:
# installed with CI=true, and otherwise the one that is there. Where there is none the variable is empty.
# shellcheck shell=bash
browser_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
browser_venv=$browser_root/.tools/browser
# shellcheck source=tests/install/venv.sh
. "$browser_root/tests/install/venv.sh"
SOC_ANYWHERE_PYTHON=
browser_here() { command -v chromium && command -v chromedriver; } >/dev/null
if ! browser_here && [ "${CI:-false}" = true ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium chromium-driver
fi
if browser_here; then
    venv browser
    locked "$browser_venv" axe
    SOC_ANYWHERE_PYTHON=$browser_venv/bin/python
elif [ "${CI:-false}" = true ]; then
    echo 'chromium and chromium-driver were installed and are not there' >&2
    false
fi
export SOC_ANYWHERE_PYTHON
