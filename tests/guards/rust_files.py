"""Which file of a Rust crate imports from which, as far as its text tells."""

import re
from pathlib import Path

# What may stand in a file and is no code: comments, and the texts of strings and characters.
NO_CODE = re.compile(r"""
    //[^\n]* | /\*.*?\*/
    | b?r(?P<marks>\#*)".*?"(?P=marks)
    | b?"(?:\\.|[^"\\])*"
    | b?'(?:\\[^']+|[^'\\\n])'
""", re.VERBOSE | re.DOTALL)
TEST_MODULE = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod\s+\w+\s*\{")
MACRO = re.compile(r"#\[macro_export\]\s*macro_rules!\s+(\w+)")
MOD = re.compile(r"\bmod\s+(\w+)\s*;")
USE = re.compile(r"(?P<pub>\bpub(?:\([^)]*\))?\s+)?\buse\s+(?P<tree>[^;]+);")
PATH = re.compile(r"(?<![\w:$])(?:r#)?([A-Za-z_]\w*(?:\s*::\s*(?:r#)?[A-Za-z_]\w*)+)")
WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


class File:
    """One file: its module's path, what it imports by `use`, and the rest of its code."""

    def __init__(self, path, module):
        self.path, self.module = path, module
        code = NO_CODE.sub(" ", path.read_text())
        while test := TEST_MODULE.search(code):
            code = code[: test.start()] + code[block_end(code, test.end()) :]
        # Of each imported name: the path, and whether it is only handed on.
        self.imports, self.globs = {}, []
        for use in USE.finditer(code):
            for path, name in branches(use["tree"]):
                if name == "*":
                    self.globs.append(path)
                else:
                    self.imports[name] = (path, bool(use["pub"]))
        self.rest = USE.sub(" ", code)

    def defines(self, name):
        return re.search(rf"\b(?:fn|struct|enum|union|trait|type|const|static|mod|macro_rules!)\s+{name}\b", self.rest)


class Crate:
    """The files that a `lib.rs` or a `main.rs` reaches by its `mod` declarations."""

    def __init__(self, root):
        self.files = {}
        self.add(root, (), root.parent)

    def add(self, path, module, folder):
        """Adds a file, and the files of its children, which are in the folder."""
        file = self.files[module] = File(path, module)
        for name in MOD.findall(file.rest):
            for child in (folder / f"{name}.rs", folder / name / "mod.rs"):
                if child.exists():
                    self.add(child, (*module, name), folder / name)

    def edges(self):
        """Pairs of modules: the first one imports from the second one."""
        found = set()
        for file in self.files.values():
            for target in self.targets(file):
                if target != file.module:
                    found.add((file.module, target))
        return found

    def targets(self, file):
        words = set(WORD.findall(file.rest))
        modules = set()
        for name, (path, is_handed_on) in file.imports.items():
            # What is handed on and not used here is no import of this file's own.
            if is_handed_on and name not in words:
                continue
            target, is_module = self.resolve(file.module, path)
            if is_module:
                # What is used of the module counts: it may stand in a file that the module hands on.
                modules.add(name)
            elif target is not None:
                yield target
        for path in file.globs:
            target, _ = self.resolve(file.module, path)
            if target is not None:
                yield target
        for path in map(split, PATH.findall(file.rest)):
            if path[0] in ("crate", "super", "self") or path[0] in modules or (*file.module, path[0]) in self.files:
                target, _ = self.resolve(file.module, path)
                if target is not None:
                    yield target

    def macros(self):
        """The exported macros, which are found at the crate's root whichever file defines them."""
        return {name: file.module for file in self.files.values() for name in MACRO.findall(file.rest)}

    def resolve(self, module, path, seen=()):
        """The module in whose file the item of this path is defined, and whether the path is a module itself; (None,
        False) for another crate's."""
        if (module, path) in seen:
            return None, False
        seen = (*seen, (module, path))
        at, rest, is_relative = module, list(path), True
        while rest and rest[0] in ("crate", "super", "self"):
            at = {"crate": (), "super": at[:-1], "self": at}[rest.pop(0)]
            is_relative = False
        while rest:
            name = rest[0]
            if (*at, name) in self.files:
                at, is_relative = (*at, name), False
                rest.pop(0)
                continue
            file = self.files[at]
            if name in file.imports and not (is_relative and tuple(path) == file.imports[name][0]):
                return self.resolve(at, (*file.imports[name][0], *rest[1:]), seen)
            if not is_relative and not file.defines(name):
                for glob in file.globs:
                    target, is_module = self.resolve(at, glob, seen)
                    if is_module and (self.files[target].defines(name) or name in self.files[target].imports):
                        return self.resolve(target, ("self", *rest), seen)
            if is_relative:
                return None, False
            return (self.macros().get(name, at) if at == () else at), False
        return at, True


def split(path):
    return tuple(re.sub(r"\s|r#", "", path).split("::"))


def branches(tree):
    """The paths of a `use` tree, each with the name that it gives: `a::{b, c::d as e}` has a::b as b and a::c::d as e."""
    tree = tree.strip()
    head, brace, inner = tree.partition("{")
    if brace:
        prefix = split(head.strip().removesuffix("::")) if head.strip() else ()
        for part in parts(inner.rpartition("}")[0]):
            for path, name in branches(part):
                whole = (*prefix, *path)
                if path[-1:] == ("self",):
                    whole = whole[:-1]
                    name = whole[-1] if name == "self" else name
                yield whole, name
        return
    path, _, name = re.sub(r"\s+", " ", tree).partition(" as ")
    path = split(path)
    if path[-1] == "*":
        yield path[:-1], "*"
    else:
        yield path, name.strip() or path[-1]


def parts(inner):
    """Splits at the commas that are in no brace."""
    depth, start = 0, 0
    for place, sign in enumerate(inner):
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            yield from filter(None, [inner[start:place].strip()])
            start = place + 1
    yield from filter(None, [inner[start:].strip()])


def block_end(code, start):
    """Where the block ends whose brace is just before `start`."""
    depth = 1
    for place in range(start, len(code)):
        depth += (code[place] == "{") - (code[place] == "}")
        if depth == 0:
            return place + 1
    return len(code)
