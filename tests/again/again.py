"""The rounds of tests/again.sh, which prepares what the tests need: python3 tests/again/again.py [N]"""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import cargo
from processes import Stop, Stopped, busy_loops, run
from rounds import Rounds

FOLDER = Path("target/again")
LOOPS_PER_CPU = 2
# As a shell says of a program that Ctrl-C has ended.
STOPPED = 130


def clean_commit():
    """The commit, where the work tree has no change; otherwise None."""
    git = lambda *words: subprocess.run(["git", *words], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return None if git("status", "--porcelain") else git("rev-parse", "HEAD")


def play(rounds, wanted, stop):
    """Plays what is left of the wanted rounds."""
    print("again: building", flush=True)
    built = FOLDER / "built.json"
    with built.open("wb") as file:
        code = run(cargo.BUILD, stop, stdout=file)
    if code != 0:
        sys.exit("again: the tests do not build")
    programs = cargo.programs(built.read_text().splitlines())
    cpus = len(os.sched_getaffinity(0))
    with busy_loops(LOOPS_PER_CPU * cpus) as loops:
        print(f"again: {len(loops)} busy loops on {cpus} CPUs", flush=True)
        while len(rounds.ended) < wanted:
            number, output, begun = len(rounds.ended) + 1, rounds.output(), time.monotonic()
            with output.open("wb") as file:
                code = run(cargo.ROUND, stop, stdout=file, stderr=subprocess.STDOUT)
            seconds = time.monotonic() - begun
            if clean_commit() != rounds.commit:
                sys.exit(f"again: the work tree has changed during round {number}, which does not count")
            failed = cargo.failures(output.read_text(errors="replace"), code, programs)
            rounds.add(seconds, failed)
            print(f"again: round {number} of {wanted}: {seconds:.0f} s, {len(failed)} failed", flush=True)


def main():
    words = sys.argv[1:] or ["10"]
    if len(words) != 1 or not words[0].isdecimal() or int(words[0]) == 0:
        sys.exit("again: give the number of rounds: tests/again.sh [N]")
    wanted = int(words[0])
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("again: another tests/again.sh is running in this clone")
        commit = clean_commit()
        if commit is None:
            print("again: the work tree has changes: no later call will go on with these rounds")
        rounds = Rounds(FOLDER, commit)
        if rounds.ended:
            print(f"again: {len(rounds.ended)} rounds of this commit are there already")
        try:
            if len(rounds.ended) < wanted:
                play(rounds, wanted, Stop())
        except Stopped:
            print("\nagain: stopped; the round that was cut off does not count", file=sys.stderr)
            print(rounds.table())
            return STOPPED
        print(rounds.table())
        return 1 if rounds.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
