#!/usr/bin/env bash
# The template is one that AWS takes, and keeps the rules of three checkers and our own.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/install/aws-checks.sh
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

run() { # WHAT COMMAND...
    local what=$1
    shift
    if ! "$@" >"$log/out" 2>&1; then
        cat "$log/out" >&2
        printf 'template: %s: fails\n' "$what" >&2
        exit 1
    fi
    printf 'template: %s: passes\n' "$what"
}

run 'sam validate --lint' "$SAM" validate --lint --region eu-west-1 --template template.yaml
run 'cfn-lint' "$CFN_LINT" --regions eu-west-1 us-east-1 us-gov-west-1 -- template.yaml
# The one for tests is made of it.
python3 tests/aws/hosts.py template.yaml >"$log/tests.yaml"
run 'cfn-lint of the template for tests' "$CFN_LINT" --regions eu-west-1 -- "$log/tests.yaml"
# It asks for texts on the network and goes on without them.
run 'checkov' "$CHECKOV" --config-file .checkov.yaml --file template.yaml \
    --output cli --output json --output-file-path "console,$log/checkov.json"
# It passes what it could not read, too.
looked_at='import json, sys; told = json.load(open(sys.argv[1])); told = told.get("summary", told); print(told)
sys.exit(not told["passed"] or told["parsing_errors"] != 0)'
run 'checkov has looked at it' python3 -c "$looked_at" "$log/checkov.json"
run 'our own rules' "$rie_venv/bin/python" tests/template.py template.yaml

# `sam build` calls `cargo lambda build`, which sets what the release profile leaves open; a panic must not be set to
# abort, or one connection's would end all.
mkdir "$log/bin"
cat >"$log/bin/cargo" <<EOF
#!/usr/bin/env bash
if [ "\$1" = build ]; then printf '%s\n' "\$*" >"$log/build"; exit 1; fi
exec "$(command -v cargo)" "\$@"
EOF
chmod +x "$log/bin/cargo"
for function in functions/*/; do
    binary=$(basename "$function")
    (cd "$function" && PATH="$log/bin:$PATH" "$CARGO_LAMBDA" lambda build --release --bin "$binary" --compiler cargo) \
        >"$log/out" 2>&1 || true
    if ! grep -q -- "--release --bin $binary" "$log/build" || grep -q 'panic="abort"' "$log/build"; then
        cat "$log/out" "$log/build" >&2
        printf 'template: %s would abort on a panic\n' "$binary" >&2
        exit 1
    fi
done
printf 'template: a panic unwinds in what sam build builds: holds\n'

# `sam build` itself, but for the compiler: what stands in for `cargo lambda` builds files with the binaries' names. Each
# function must be handed its own, built for what the template says.
mkdir "$log/sam"
cat >"$log/sam/cargo" <<SAM
#!/usr/bin/env bash
if [ "\$1 \$2" != 'lambda build' ]; then exec "$(command -v cargo)" "\$@"; fi
printf '%s\n' "\$*" >>"$log/asked"
while [ "\$1" != --bin ]; do shift; done
mkdir -p "$log/target/lambda/\$2"
printf '%s' "\$2" >"$log/target/lambda/\$2/bootstrap"
SAM
chmod +x "$log/sam/cargo"
run 'sam build' env PATH="$log/sam:$(dirname "$CARGO_LAMBDA"):$PATH" CARGO_TARGET_DIR="$log/target" \
    "$SAM" build --template template.yaml --build-dir "$log/built"
for function in functions/*/; do
    binary=$(basename "$function")
    resource=$(sed -E 's/(^|-)(.)/\U\2/g' <<<"$binary")
    if [ "$(cat "$log/built/$resource/bootstrap")" != "$binary" ] || ! grep -q "CodeUri: $resource\$" "$log/built/template.yaml" ||
        ! grep -qx -- "lambda build --release --arm64 --bin $binary" "$log/asked"; then
        cat "$log/asked" >&2
        printf 'template: sam build has not built %s for %s\n' "$binary" "$resource" >&2
        exit 1
    fi
done
printf 'template: what sam build hands to each function: holds\n'
