# Sourced: sets RIE to AWS's own Runtime Interface Emulator. The Python package of the SAM CLI carries it
# (aws-sam-cli); it goes to a venv under .tools/ (one minute and 340 MB, once).
# shellcheck shell=bash
rie_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rie_venv=$rie_root/.tools/sam
# shellcheck source=tests/install/venv.sh
. "$rie_root/tests/install/venv.sh"
venv sam
case $(uname -m) in
    aarch64 | arm64) rie_machine=arm64 ;;
    *) rie_machine=x86_64 ;;
esac
RIE=$("$rie_venv/bin/python" -c 'import os, samcli; print(os.path.dirname(samcli.__file__))')
RIE=$RIE/local/rapid/aws-lambda-rie-$rie_machine
test -x "$RIE"
export RIE
