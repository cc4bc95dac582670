"""What cargo prints is understood: the texts here are cargo's and libtest's own."""

import json
import unittest

import cargo

PROGRAMS = {"store-01ab": "adversary --test store", "connections-23cd": "connections --lib"}

OUTPUT = """\
   Compiling adversary v0.1.0 (/work/tests/adversary)
    Finished `test` profile [unoptimized + debuginfo] target(s) in 0.31s
     Running unittests src/lib.rs (target/debug/deps/connections-23cd)

running 2 tests
test etag::tests::it_is_quoted ... ok
test limits::tests::they_hold ... ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

     Running tests/store.rs (target/debug/deps/store-01ab)

running 3 tests
test it_is_kept ... ok
test rule::older ... FAILED
test rule::newer ... FAILED

failures:

---- rule::older stdout ----

thread 'rule::older' panicked at tests/store.rs:9:5:
assertion failed:
    left is indented as a name is

---- rule::newer stdout ----
Error: no

failures:
    rule::newer
    rule::older

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

error: test failed, to rerun pass `-p adversary --test store`
   Doc-tests graph_http

running 1 test
test src/lib.rs - (line 3) ... FAILED

failures:

---- src/lib.rs - (line 3) stdout ----
error: aborting due to 1 previous error

failures:
    src/lib.rs - (line 3)

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s
"""

ABORTED = """\
     Running tests/store.rs (target/debug/deps/store-01ab)

running 1 test
error: test failed, to rerun pass `-p adversary --test store`

Caused by:
  process didn't exit successfully: `target/debug/deps/store-01ab` (signal: 6, SIGABRT: process abort signal)
     Running unittests src/lib.rs (target/debug/deps/connections-23cd)

running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

"""


class Failures(unittest.TestCase):
    def test_each_failed_test_is_named_once_with_its_package_and_target(self):
        self.assertEqual(
            cargo.failures(OUTPUT, 101, PROGRAMS),
            [
                "adversary --test store: rule::newer",
                "adversary --test store: rule::older",
                "graph_http --doc: src/lib.rs - (line 3)",
            ],
        )

    def test_a_program_that_ends_without_a_result_has_failed(self):
        self.assertEqual(cargo.failures(ABORTED, 101, PROGRAMS), ["adversary --test store: ended without a result"])

    def test_a_failure_of_cargo_itself_is_one(self):
        self.assertEqual(cargo.failures("error: no space", 101, {}), ["cargo test: ended with 101 and named no test"])
        self.assertEqual(cargo.failures("", 0, {}), [])


class Programs(unittest.TestCase):
    def test_a_program_is_known_by_its_package_and_target(self):
        def artifact(identifier, kind, name, executable, test=True):
            return json.dumps({
                "reason": "compiler-artifact", "package_id": identifier, "profile": {"test": test},
                "target": {"kind": [kind], "name": name}, "executable": executable,
            })  # fmt: skip

        messages = [
            artifact("path+file:///work/tests/adversary#0.1.0", "test", "store", "/work/target/debug/deps/store-01ab"),
            artifact("path+file:///work/local#soc-anywhere@0.1.0", "lib", "soc_anywhere", "/t/deps/soc_anywhere-5"),
            artifact("path+file:///work/local#soc-anywhere@0.1.0", "bin", "soc-anywhere", "/t/soc-anywhere", False),
            artifact("path+file:///work/shared/logging#0.1.0", "lib", "logging", None),
            json.dumps({"reason": "build-finished", "success": True}),
        ]
        self.assertEqual(
            cargo.programs(messages),
            {"store-01ab": "adversary --test store", "soc_anywhere-5": "soc-anywhere --lib"},
        )
