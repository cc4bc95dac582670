#!/usr/bin/env bash
# Installs what the tests need and passes them all. Nothing is installed outside .tools/ and no sudo is used,
# except with CI=true, where Debian packages are installed too. What is skipped is said aloud.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export CI="${CI:-false}"
export PATH="$root/.tools/bin:$PATH"

# rustup may have the compiler of rust-toolchain.toml under the name "stable" only, where nothing can be fetched.
wanted=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
if command -v rustup >/dev/null && ! rustup toolchain list | grep "^$wanted" >/dev/null; then
    if rustup run stable rustc --version 2>/dev/null | grep "^rustc $wanted " >/dev/null; then
        export RUSTUP_TOOLCHAIN=stable
    elif ! rustup toolchain install "$wanted" --profile minimal -c clippy -c rustfmt; then
        printf '\n*** Rust %s cannot be fetched: the default one is used ***\n\n' "$wanted" >&2
        RUSTUP_TOOLCHAIN=$(rustup default | cut -d' ' -f1)
        export RUSTUP_TOOLCHAIN
    fi
fi

# Begins a step. The seconds of each step are printed at the end, however the script ends.
steps=()
step() {
    printf '\n=== %s (%ss)\n' "$1" "$SECONDS"
    steps+=("$SECONDS $1")
}
print_seconds() {
    local next number
    printf '\nSeconds of each step:\n'
    for ((number = 0; number < ${#steps[@]}; number++)); do
        [ "$((number + 1))" -lt "${#steps[@]}" ] && next=${steps[number + 1]%% *} || next=$SECONDS
        printf '%6s  %s\n' "$((next - ${steps[number]%% *}))" "${steps[number]#* }"
    done
}
trap print_seconds EXIT

step 'format and lints'
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings

step 'what links what, and which file imports from which'
tests/guards.sh

step 'what plays the tests again and again'
python3 -B -m unittest discover -s tests/again

step 'bans, licences, sources'
tests/install/cargo-deny.sh
cargo deny --all-features check bans licenses sources
tests/third-party.sh

step 'known vulnerabilities'
tests/advisories.sh

step 'the template'
tests/template.sh

step 'the bootstraps, the Runtime Interface Emulator to run them under, and an AWS on the desk'
. tests/install/rie.sh
. tests/install/ministack.sh
tests/bootstraps.sh
export SOC_ANYWHERE_RIE="$RIE" SOC_ANYWHERE_BOOTSTRAPS="$root/target/bootstrap"

step 'unit and system tests'
cargo test --workspace --locked

step 'instructions'
tests/instructions.sh

step 'what measures the bootstraps'
tests/bench.sh --quick

step 'the engine against a hostile tenant, and engines with a known bug'
cargo run --release -p adversary --locked -- --ci
cargo run --release -p adversary --locked -- backfill

step 'the whole thing live on an AWS of its own'
tests/aws.sh

step 'each function in Docker, by sam local invoke'
tests/sam-local.sh

step 'the functions against their own description'
tests/install/schemathesis.sh
SEED=1 tests/schemathesis.sh

step 'the page in a browser'
tests/browser.sh

printf '\n=== all passed\n'
