"""What is kept of the rounds from one call to the next."""

import tempfile
import unittest
from pathlib import Path

from rounds import Rounds


class Kept(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "again"

    def played(self, commit, *failures):
        rounds = Rounds(self.folder, commit)
        for failed in failures:
            rounds.output().write_text("what it said")
            rounds.add(60, list(failed))
        return rounds

    def test_the_same_commit_goes_on_with_the_round_that_was_cut_off(self):
        first = self.played("abc", [], ["a: one"])
        first.output().write_text("cut off")
        rounds = Rounds(self.folder, "abc")
        self.assertEqual((len(rounds.ended), rounds.output().name), (2, "round-3.txt"))

    def test_another_commit_begins_anew(self):
        self.played("abc", ["a: one"])
        rounds = Rounds(self.folder, "def")
        self.assertEqual((rounds.ended, list(self.folder.glob("round-*"))), ([], []))

    def test_a_work_tree_with_changes_begins_anew_each_time(self):
        self.played(None, [])
        self.assertEqual(Rounds(self.folder, None).ended, [])

    def test_only_the_output_of_a_failed_round_stays(self):
        self.played("abc", [], ["a: one"], [])
        self.assertEqual([file.name for file in self.folder.glob("round-*")], ["round-2.txt"])

    def test_the_table_counts_each_test_and_names_the_outputs(self):
        table = self.played("abc", ["a: one", "b: two"], [], ["a: one"]).table()
        lines = [line.strip() for line in table.splitlines()]
        one, two = lines.index("2 of 3   a: one"), lines.index("1 of 3   b: two")
        self.assertLess(one, two)
        self.assertEqual(lines[one + 1 : two], [f"{self.folder}/round-1.txt", f"{self.folder}/round-3.txt"])

    def test_the_table_says_when_nothing_failed_and_when_nothing_was_played(self):
        self.assertEqual(self.played("abc", []).table(), "1 round of 60 to 60 s: nothing failed")
        self.assertEqual(Rounds(self.folder, "def").table(), "no round has ended")
