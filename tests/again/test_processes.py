"""Nothing is left behind, however it ends."""

import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from processes import Stop, Stopped, busy_loops, run

FOLDER = Path(__file__).parent
# What has not ended after these seconds is hung.
HUNG = 300


def runs(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Ends(unittest.TestCase):
    def test_busy_loops_end_with_their_block(self):
        with busy_loops(2) as loops:
            self.assertTrue(all(map(runs, loops)))
        self.assertFalse(any(map(runs, loops)))

    def test_busy_loops_end_when_who_started_them_is_killed(self):
        program = "import processes\nwith processes.busy_loops(2) as loops: print(*loops, flush=True); input()"
        pipe = subprocess.PIPE
        with subprocess.Popen([sys.executable, "-Bc", program], cwd=FOLDER, stdin=pipe, stdout=pipe, text=True) as starter:
            loops = [int(word) for word in starter.stdout.readline().split()]
            self.assertTrue(len(loops) == 2 and all(map(runs, loops)))
            starter.kill()
            starter.wait()
        until = time.monotonic() + HUNG
        while any(map(runs, loops)):
            self.assertLess(time.monotonic(), until, "they go on")
            time.sleep(0.01)

    def test_a_stop_ends_what_a_command_has_started_in_groups_of_its_own_too(self):
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "output"
            # As a test starts a server: in a process group of its own.
            command = ["bash", "-c", "set -m; sleep 1000 & echo $! $$; wait"]
            stop = NotedWhen(lambda: output.read_text().endswith("\n"))
            with output.open("w") as file, self.assertRaises(Stopped):
                run(command, stop, stdout=file)
            processes = [int(word) for word in output.read_text().split()]
            self.assertEqual(len(processes), 2)
            self.assertFalse(any(map(runs, processes)))

    def test_each_way_to_ask_for_a_stop_is_noted(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = signal.getsignal(number)
            self.addCleanup(signal.signal, number, before)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            stop = Stop()
            self.assertFalse(stop.asked)
            signal.raise_signal(number)
            self.assertTrue(stop.asked)

    def test_a_command_gives_its_exit_code_and_its_output(self):
        with tempfile.TemporaryFile() as file:
            command = ["sh", "-c", "echo said; echo told >&2; exit 3"]
            never = NotedWhen(lambda: False)
            self.assertEqual(run(command, never, stdout=file, stderr=subprocess.STDOUT), 3)
            file.seek(0)
            self.assertEqual(file.read(), b"said\ntold\n")


class NotedWhen:
    """A stop that is asked for when the condition holds."""

    def __init__(self, condition):
        self.condition = condition

    @property
    def asked(self):
        return self.condition()
