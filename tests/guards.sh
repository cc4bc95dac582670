#!/usr/bin/env bash
# Who may link what, and which file imports from which. Each guard prints what it looked at, and fails when it finds what must not be there.
set -euo pipefail
cd "$(dirname "$0")/.."

# links PACKAGE FEATURES: the packages that PACKAGE links, without its tests.
links() { cargo tree --locked -p "$1" --edges normal --prefix none $2 | sed 's/ .*//' | sort -u; }

refuse() { # WHAT PATTERN LINKED
    local found
    [ -n "$3" ] || { printf 'guard: %s: nothing was looked at\n' "$1" >&2; exit 1; }
    found=$(grep -E "$2" <<<"$3" || true)
    if [ -n "$found" ]; then
        printf 'guard: %s: %s\n' "$1" "$(tr '\n' ' ' <<<"$found")" >&2
        exit 1
    fi
    printf 'guard: %s: holds (%s packages looked at)\n' "$1" "$(wc -l <<<"$3")"
}

all=$(cargo tree --locked --workspace --edges all --prefix none --target all | sed 's/ .*//' | sort -u)
refuse 'one TLS stack, on ring' '^(aws-lc-rs|aws-lc-sys|boring|boring-sys|openssl|openssl-sys|native-tls)$' "$all"

# The same asked of cargo, which must not know the package.
if said=$(cargo tree --locked --workspace -i aws-lc-rs 2>&1); then asked=found; else asked=refused; fi
printf 'guard: cargo tree --workspace -i aws-lc-rs: %s: %s\n' "$asked" "$(head -1 <<<"$said")"
[ "$asked" = refused ]
grep -q 'did not match any packages' <<<"$said"

# Two versions of one of these would be two HTTP or TLS stacks in a bootstrap.
versions=$(cargo tree --locked --workspace --edges normal --prefix none | awk '{ print $1, $2 }' | sort -u)
for package in rustls ring hyper hyper-util h2 http tokio reqwest; do
    count=$(grep -c "^$package " <<<"$versions" || true)
    printf 'guard: versions of %s: %s (exactly 1)\n' "$package" "$count"
    [ "$count" = 1 ]
done

# Assigned first: the failure of a command within an argument would go unseen.
aws='^(aws-.*|aws_.*|lambda_.*|lambda-support)$'
linked=$(links soc-anywhere '')
refuse 'the desk runner links no AWS crate' "$aws" "$linked"
for library in connections sync-incidents test-connection; do
    linked=$(links "$library" --no-default-features)
    refuse "the library $library takes ports" "$aws|^rusqlite$" "$linked"
done
for bootstrap in connections sync-incidents tenant-calls test-connection; do
    linked=$(links "$bootstrap" '')
    refuse "the bootstrap $bootstrap links no SQLite" '^rusqlite$|^libsqlite3-sys$' "$linked"
done

# What looks for circles is tried on made-up ones first.
python3 -B -m unittest discover -s tests/guards
python3 -B tests/guards/circles.py

# The table's contract has one version, wherever it is named.
contract=$(sed -nE 's/.*This is version \*\*([0-9]+)\*\* of the contract.*/\1/p' docs/data.md)
noted=$(sed -nE '/^## /{n;n;s/^Table contract: \*\*([0-9]+)\*\*\.$/\1/p}' CHANGELOG.md | head -1)
if [ -z "$contract" ] || [ "$contract" != "$noted" ]; then
    printf "guard: the table's contract is %s in docs/data.md, and %s in CHANGELOG.md\n" "${contract:-none}" "${noted:-none}" >&2
    exit 1
fi
printf "guard: the table's contract is version %s in docs/data.md and CHANGELOG.md\n" "$contract"

# Made-up secrets are searched for by tests, and must not look like Entra's to a scanner: three characters, a digit, Q~.
like_entra='[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}'
grep -Eq "$like_entra" <<<"abc$((7))Q~$(printf 'x%.0s' {1..34})"
looked_at=$(grep -rlI '' docs events functions local shared tests tools --exclude-dir=target | sort)
found=$(xargs grep -lE "$like_entra" <<<"$looked_at" || true)
if [ -n "$found" ]; then
    printf 'guard: a secret that a scanner takes for a real one: %s\n' "$found" >&2
    exit 1
fi
printf 'guard: no secret that a scanner takes for a real one: holds (%s files looked at)\n' "$(wc -l <<<"$looked_at")"
