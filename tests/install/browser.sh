# Sourced: sets SOC_ANYWHERE_PYTHON to a Python that drives a browser: selenium (https://www.selenium.dev/) with
# pytest, and axe-core (https://github.com/dequelabs/axe-core), of whose package only the script itself is used.
# They go to a venv under .tools/ (half a minute and 90 MB, once). The browser is Debian's Chromium with its driver:
# installed with CI=true, and otherwise the one that is there. Where there is none the variable is empty.
# shellcheck shell=bash
browser_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
browser_venv=$browser_root/.tools/browser
# selenium 4.52.0 wants a certifi that PyPI does not have for every Python.
browser_pins='selenium==4.51.0 pytest==9.2.0'
browser_axe='axe-playwright-python==0.1.8'
SOC_ANYWHERE_PYTHON=
browser_here() { command -v chromium && command -v chromedriver; } >/dev/null
if ! browser_here && [ "${CI:-false}" = true ]; then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium chromium-driver
fi
if browser_here; then
    if [ "$(cat "$browser_venv/pins" 2>/dev/null)" != "$browser_pins $browser_axe" ]; then
        python3 -m venv --clear "$browser_venv"
        # shellcheck disable=SC2086 # they are two words
        "$browser_venv/bin/pip" install --quiet --disable-pip-version-check $browser_pins
        "$browser_venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "$browser_axe"
        printf '%s\n' "$browser_pins $browser_axe" >"$browser_venv/pins"
    fi
    SOC_ANYWHERE_PYTHON=$browser_venv/bin/python
elif [ "${CI:-false}" = true ]; then
    echo 'chromium and chromium-driver were installed and are not there' >&2
    false
fi
export SOC_ANYWHERE_PYTHON
