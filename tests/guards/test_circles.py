"""The guard sees a circle wherever it stands, and nothing else."""

import tempfile
import unittest
from pathlib import Path

from circles import check
from rust_files import branches


class Circles(unittest.TestCase):
    def look(self, files, allowed=()):
        """What the guard says of a crate with these files below its `src`."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            crate = root / "shared" / "made-up"
            for name, text in files.items():
                file = crate / "src" / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            (crate / "Cargo.toml").write_text("")
            wrong, count = check(root, [tuple(f"shared/made-up/src/{name}" for name in pair) for pair in allowed])
            self.assertEqual(count, len(files))
            return [line.replace("shared/made-up/src/", "") for line in wrong]

    def assert_circle(self, one, other, files):
        self.assertEqual(self.look(files), [f"{one} and {other} import from each other"])

    def test_two_files_that_import_from_each_other_are_a_circle(self):
        a, b = "use crate::b::B;\npub struct A;", "use super::{a::A, c};\npub struct B;"
        self.assert_circle("a.rs", "b.rs", {"lib.rs": "mod a;\nmod b;", "a.rs": a, "b.rs": b})

    def test_files_that_import_one_way_are_none(self):
        a, b = "use crate::b::B;\npub struct A;", "pub struct B;"
        self.assertEqual(self.look({"lib.rs": "mod a;\nmod b;", "a.rs": a, "b.rs": b}), [])

    def test_names_in_nested_braces_and_under_other_names_count(self):
        a = "use crate::{\n    b::{self as other, inner::{C, D as E}},\n};\nfn a() { other::b() }\npub struct A;"
        b = "mod inner;\nuse crate::a::A;\npub fn b() {}"
        files = {"lib.rs": "mod a;\nmod b;", "a.rs": a, "b/mod.rs": b, "b/inner.rs": "pub struct C;\npub struct D;"}
        self.assert_circle("a.rs", "b/mod.rs", files)

    def test_a_path_in_the_code_counts(self):
        a, b = "pub fn a() { crate::b::b() }", "pub fn b() { super::a::a() }"
        self.assert_circle("a.rs", "b.rs", {"lib.rs": "mod a;\nmod b;", "a.rs": a, "b.rs": b})

    def test_what_is_handed_on_is_looked_through(self):
        lib = "mod a;\nmod b;\npub use a::A;\npub use b::B;"
        files = {"lib.rs": lib, "a.rs": "use crate::B;\npub struct A(B);", "b.rs": "use crate::A;\npub struct B(A);"}
        self.assert_circle("a.rs", "b.rs", files)

    def test_a_parent_that_only_hands_on_is_no_circle(self):
        lib = "mod a;\npub use a::A;\npub struct Parent;"
        self.assertEqual(self.look({"lib.rs": lib, "a.rs": "use super::Parent;\npub struct A(Parent);"}), [])

    def test_a_parent_whose_code_uses_its_child_is_a_circle_with_it(self):
        for use in ["use a::A;\npub struct Parent(A);", "pub use a::A;\npub struct Parent(A);", "pub struct Parent(a::A);"]:
            files = {"lib.rs": f"mod a;\n{use}", "a.rs": "use crate::Parent;\npub struct A(Parent);"}
            self.assert_circle("lib.rs", "a.rs", files)

    def test_tests_comments_and_texts_are_not_looked_at(self):
        b = 'pub struct B;\n// use crate::a::A;\n/// [`crate::a::A`]\nconst TEXT: &str = "crate::a::A";\n'
        b += "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n    fn f() { {} }\n}\n"
        files = {"lib.rs": "mod a;\nmod b;", "a.rs": "use crate::b::B;\npub struct A;", "b.rs": b}
        self.assertEqual(self.look(files), [])

    def test_an_exported_macro_is_its_own_file_s(self):
        table = "#[macro_export]\nmacro_rules! row { () => {} }"
        files = {"main.rs": "mod a;\nmod table;\nfn main() { a::run() }", "a.rs": "use crate::row;\npub fn run() { row!() }", "table.rs": table}
        self.assertEqual(self.look(files), [])

    def test_a_pair_that_is_allowed_must_be_there(self):
        a, b = "use crate::b::B;\npub struct A;", "use crate::a::A;\npub struct B;"
        files = {"lib.rs": "mod a;\nmod b;", "a.rs": a, "b.rs": b}
        self.assertEqual(self.look(files, [("a.rs", "b.rs")]), [])
        files["b.rs"] = "pub struct B;"
        self.assertEqual(self.look(files, [("a.rs", "b.rs")]), ["a.rs and b.rs are allowed and no circle"])


class Branches(unittest.TestCase):
    def test_a_tree_is_its_paths(self):
        tree = "a::{self, b, c::{D as E, f::*}, g::{self as h}}"
        found = [(("a",), "a"), (("a", "b"), "b"), (("a", "c", "D"), "E"), (("a", "c", "f"), "*"), (("a", "g"), "h")]
        self.assertEqual(list(branches(tree)), found)
