"""No two files import from each other: python3 tests/guards/circles.py

Looks at the files of each crate's library and program. A file imports from another one if it names what the other one defines, by
`use` or by a path in its code; what stands between and only hands a name on (`pub use`) is looked through.

A parent (`mod.rs`, `lib.rs`, `a.rs` beside `a/`) that declares a child and hands on what is the child's does not import
from the child. It does if its own code uses what is the child's. So parent and child are a circle when the child uses
what the parent itself defines and the parent's own code uses what the child defines. What both use then belongs into a
file of its own.

Modules under `#[cfg(test)]` are not looked at. Longer circles are not looked for.
"""

import sys
from pathlib import Path

from rust_files import Crate

ROOT = Path(__file__).resolve().parents[2]

# Pairs that are there for now. One that is there no more must be taken off.
ALLOWED = [
    ("functions/sync-incidents/src/plan/part.rs", "functions/sync-incidents/src/plan/part/linked.rs"),
]


def circles(crate):
    """The pairs of files that import from each other, each as two paths."""
    edges = crate.edges()
    found = [sorted((one, other)) for one, other in edges if (other, one) in edges and one < other]
    return [tuple(crate.files[module].path for module in pair) for pair in sorted(found)]


def roots(root):
    """The `lib.rs` and `main.rs` of the workspace's crates."""
    names = ("lib.rs", "main.rs")
    found = [file for name in names for file in root.glob(f"[!.]*/**/src/{name}")]
    return sorted(file for file in found if (file.parents[1] / "Cargo.toml").exists() and not is_built(file, root))


def is_built(file, root):
    return "target" in file.relative_to(root).parts


def check(root, allowed):
    """What is wrong, as lines, and how many files were looked at."""
    found, files = [], 0
    for file in roots(root):
        crate = Crate(file)
        files += len(crate.files)
        for pair in circles(crate):
            found.append(tuple(str(path.relative_to(root)) for path in pair))
    wrong = [f"{one} and {other} import from each other" for one, other in found if (one, other) not in allowed]
    wrong += [f"{one} and {other} are allowed and no circle" for one, other in allowed if (one, other) not in found]
    return wrong, files


def main():
    wrong, files = check(ROOT, ALLOWED)
    for line in wrong:
        print(f"guard: circles of files: {line}", file=sys.stderr)
    if wrong or not files:
        return 1
    print(f"guard: circles of files: none ({files} files looked at, {len(ALLOWED)} pairs allowed)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
