"""The rounds that have ended, kept in a file, and the table of them."""

import json
import os
from collections import Counter
from pathlib import Path


class Rounds:
    """The rounds of one commit. Rounds of another commit, or of a work tree with changes, are forgotten."""

    def __init__(self, folder, commit):
        self.folder, self.commit, self.ended = Path(folder), commit, []
        self.file = self.folder / "rounds.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.file.exists():
            kept = json.loads(self.file.read_text())
            if commit is not None and kept["commit"] == commit:
                self.ended = kept["ended"]
        if not self.ended:
            for file in self.folder.glob("round-*.txt"):
                file.unlink()

    def output(self):
        """Where the next round's output goes."""
        return self.folder / f"round-{len(self.ended) + 1}.txt"

    def add(self, seconds, failed):
        """Counts a round; its output stays if something failed."""
        output = self.output()
        if not failed:
            output.unlink()
        self.ended.append({"seconds": seconds, "failed": failed, "output": str(output)})
        # In one step, so that a stop at this moment leaves the old file or the new one.
        written = self.file.with_suffix(".new")
        written.write_text(json.dumps({"commit": self.commit, "ended": self.ended}, indent=1))
        os.replace(written, self.file)

    def failed(self):
        return [one for one in self.ended if one["failed"]]

    def table(self):
        """What failed how often, the most frequent first, with the outputs."""
        count, each = len(self.ended), [one["seconds"] for one in self.ended]
        if not count:
            return "no round has ended"
        head = f"{count} round{'s' * (count > 1)} of {min(each):.0f} to {max(each):.0f} s"
        if not self.failed():
            return f"{head}: nothing failed"
        lines = [f"{head}:", "", f"{'failed':>8}  test"]
        for name, times in Counter(name for one in self.ended for name in set(one["failed"])).most_common():
            lines.append(f"{times:>3} of {count:<2}  {name}")
            lines += [f"{'':10}{one['output']}" for one in self.failed() if name in one["failed"]]
        return "\n".join(lines)
