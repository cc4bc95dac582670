"""What runs beside this program: it ends with this program, however this program ends."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

# A loop ends by itself when the program that started it is gone, be it before the loop has begun.
LOOP = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000):
        pass
"""


class Stopped(Exception):
    """Somebody has asked this program to stop."""


class Stop:
    """Notes that somebody asks this program to stop: by Ctrl-C, by `kill`, or by closing the terminal. Nothing is raised
    at that moment, since a process that is just being started would be left behind."""

    def __init__(self):
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.note)

    def note(self, _number, _frame):
        self.asked = True


@contextmanager
def busy_loops(number):
    """So many loops; each takes one CPU if it can."""
    loops = []
    try:
        for _ in range(number):
            # In a session of its own, so that Ctrl-C reaches this program alone.
            command = [sys.executable, "-c", LOOP, str(os.getpid())]
            loops.append(subprocess.Popen(command, start_new_session=True))
        yield [loop.pid for loop in loops]
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def run(command, stop, **streams):
    """Runs a command and gives its exit code. When this program is asked to stop, all that the command has started is
    ended: a test's servers have process groups of their own, but the command's session."""
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **streams)
    while started.poll() is None:
        if stop.asked:
            end_session(started.pid)
            started.wait()
            raise Stopped
        time.sleep(0.05)
    return started.returncode


def end_session(session):
    """Ends every process of a session: again and again, since one may start another meanwhile."""
    while processes := session_of(session):
        for process in processes:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass


def session_of(session):
    """The processes of a session that still run."""
    return [process for process in map(int, filter(str.isdigit, os.listdir("/proc"))) if belongs(process, session)]


def belongs(process, session):
    try:
        # PID (NAME) STATE PARENT GROUP SESSION …: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[3] == str(session) and fields[0] not in "ZX"
