"""What `cargo test` builds, and what its output says has failed."""

import json
import re
from pathlib import Path

# Builds all that a round runs, and says on standard output what that is.
BUILD = ["cargo", "test", "--workspace", "--locked", "--no-run", "--message-format=json-render-diagnostics"]
ROUND = ["cargo", "test", "--workspace", "--locked", "--no-fail-fast"]

RUNNING = re.compile(r"\s+Running .* \((.+)\)")
DOC_TESTS = re.compile(r"\s+Doc-tests (\S+)")
NAME = re.compile(r"    (\S.*)")


def programs(messages):
    """Each test program's file name with its package and target, from what the build says:
    https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages"""
    found = {}
    for message in map(json.loads, messages):
        if message["reason"] == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
            kind, name = message["target"]["kind"][0], message["target"]["name"]
            target = f"--{kind} {name}" if kind in ("test", "bin", "example", "bench") else "--lib"
            found[Path(message["executable"]).name] = f"{package(message['package_id'])} {target}"
    return found


def package(identifier):
    """`path+file:///a/b#0.1.0` and `path+file:///a/c#b@0.1.0` are both of package b."""
    place, _, rest = identifier.rpartition("#")
    return rest.split("@")[0] if "@" in rest else place.rsplit("/", 1)[-1]


def failures(output, code, programs):
    """The failed tests of a round as `PACKAGE TARGET: TEST`, from the output and the exit code of `cargo test`."""
    found, program, names, done = [], None, [], True

    def ended():
        if not done:
            found.append(f"{program}: ended without a result")

    for line in output.splitlines():
        if started := RUNNING.fullmatch(line) or DOC_TESTS.fullmatch(line):
            ended()
            file = Path(started[1]).name
            is_doc = started.re is DOC_TESTS
            program = f"{file} --doc" if is_doc else programs.get(file, file)
            names, done = [], False
        elif line == "failures:":
            # Printed twice: before what each failed test has said, and before the names alone. The second one counts.
            names = []
        elif name := NAME.fullmatch(line):
            names.append(name[1])
        elif line.startswith("test result: "):
            if line.startswith("test result: FAILED"):
                found += [f"{program}: {name}" for name in names]
            done = True
    ended()
    if code != 0 and not found:
        found.append(f"cargo test: ended with {code} and named no test")
    return found
