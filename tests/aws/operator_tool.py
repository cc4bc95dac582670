"""What an operator does: tools/operator.sh against the stack, as the runbook says it."""

import json
import os
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from desk import ADMINISTRATOR, HUNG, REGION, ROOT, wait


class Operator:
    def __init__(self, desk):
        self.desk = desk
        # This CLI asks AWS's own SQS whatever AWS_ENDPOINT_URL says, but for the option.
        self.folder = tempfile.TemporaryDirectory()
        program = Path(self.folder.name) / "aws"
        program.write_text(f'#!/bin/sh\nexec "{ROOT}/.tools/awscli/bin/aws" --endpoint-url {desk.aws.url} "$@"\n')
        program.chmod(0o755)
        self.environment = {
            "PATH": f"{self.folder.name}:{os.environ['PATH']}",
            "AWS_ACCESS_KEY_ID": ADMINISTRATOR.access_key,
            "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_MAX_ATTEMPTS": "1",
        }
        self.said = []

    def runs(self, *words, succeeds=True):
        """The script's answer, as JSON where it has one."""
        program = [ROOT / "tools/operator.sh", self.desk.stack.name, *words]
        done = subprocess.run(program, env=self.environment, capture_output=True, text=True, timeout=HUNG)
        assert (done.returncode == 0) == succeeds, (words, done)
        self.said.append(done.stdout + done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def all_stops(self):
        assert self.runs("stop", 'a "test" \\ of the switch') == {"syncs": "DISABLED"}
        self.stopped = time.time()
        scheduler = self.desk.aws.client("scheduler")
        mapping = self.desk.stack.resources["SyncIncidentsFromQueue"]
        state = lambda: self.desk.aws.client("lambda").get_event_source_mapping(UUID=mapping)["State"]
        wait("the queue is not read", HUNG, lambda: state() == "Disabled")
        (schedule,) = [each for each in scheduler.list_schedules()["Schedules"] if each["Target"]["Arn"].endswith(f":{self.desk.stack.resources['SyncIncidents']}:live")]
        self.schedule = {"Name": schedule["Name"], "GroupName": schedule["GroupName"]}
        assert scheduler.get_schedule(**self.schedule)["State"] == "DISABLED"

    def nothing_was_begun(self, ticks):
        """`ticks`: when each began."""
        assert not [tick for tick in ticks if tick > self.stopped], "a tick after all was stopped"

    def all_starts(self):
        scheduler = self.desk.aws.client("scheduler")
        before = scheduler.get_schedule(**self.schedule)
        assert self.runs("start", "the test is over") == {"syncs": "ENABLED"}
        after = scheduler.get_schedule(**self.schedule)
        # All but its state is as the template has it.
        for name in ("ScheduleExpression", "FlexibleTimeWindow", "Target"):
            assert before[name] == after[name], (before, after)
        assert "tick" in after["Target"]["Input"] and after["State"] == "ENABLED", after
        mapping = self.desk.stack.resources["SyncIncidentsFromQueue"]
        assert self.desk.aws.client("lambda").get_event_source_mapping(UUID=mapping)["State"] == "Enabled"

    def letters_are_shown_and_purged(self):
        assert self.runs("letters") == ['{"connection": "poison"}']
        self.runs("purge-letters", "it was a test's")
        wait("no letter", HUNG, lambda: self.desk.waiting("DeadLettersUrl") == 0)

    def looks_and_mends(self, good, failing, many):
        overview = self.runs("list")
        assert overview["connections"] == len(many) + 2, overview["groups"]
        assert sum(group["connections"] for group in overview["groups"]) == len(many) + 2
        (line,) = self.runs("list", "failing", "wrong_secret")["listed"]
        assert line["connection"] == failing and line["owner"] and line["since"], line
        shown = self.runs("show", good)
        assert shown["lifecycle"] == "connected" and shown["status"]["readUpTo"], shown
        assert shown["status"]["observed"]["foundByDailySweep"] == 0, shown

        assert self.runs("pause", good)["health"]["state"] == "paused"
        assert self.desk.state(good) == "paused"
        assert self.runs("sync", good)["outcome"]["result"] == "inactive"
        assert self.runs("resume", good)["lifecycle"] == "connected"
        for words in [("sync", good), ("again", good, "2026-01-01T00:00:00Z"), ("retry-set-aside", good), ("sweep", good), ("forget-checkpoint", good)]:
            report = self.runs(*words)
            assert report["outcome"]["result"] in ("complete", "progressing", "interrupted"), (words, report)
            assert report["calls"] >= 2, (words, report)
        report = self.runs("sync", failing)
        assert report["outcome"]["result"] == "failed" and report["outcome"]["cause"] == "wrong_secret", report["outcome"]
        self.moves(line["owner"], failing)

    def moves(self, owner, connection):
        """All that an owner has, to another and back."""
        another = "iam:AROAEXAMPLEEXAMPLE000"
        for from_owner, to in [(owner, another), (another, owner)]:
            assert self.runs("move", from_owner, to)["moved"] >= 1
            assert self.runs("show", connection)["owner"] == to

    def mistakes_are_told(self, good):
        for words, said in [
            (("show", str(uuid.uuid4())), "there is no such connection"),
            (("show", "all"), "cannot be understood"),
            (("again", good, "monday"), "cannot be understood"),
            (("list", "bad"), "unknown variant `bad`"),
        ]:
            assert said in self.runs(*words, succeeds=False)["error"], words
        for words in [("again", good), ("stop",), ("purge-letters",), ("dance",)]:
            self.runs(*words, succeeds=False)
            assert "again ID SINCE" in self.said[-1], self.said[-1]

    def leaves_a_trail(self, good):
        lines = self.desk.lines("SyncIncidentsLogs", "operator")
        trail = {(line["order"], line.get("connection"), line.get("note")) for line in lines}
        for done in [("pause", good, None), ("again", good, None), ("list", None, None)]:
            assert done in trail, (done, trail)
        texts = {text for _, _, text in trail if text}
        assert texts == {'stop: a "test" \\ of the switch', "start: the test is over", "purge-letters: it was a test's"}, texts
        assert all(line["by"].startswith("arn:aws:") for line in lines), lines
        return len(lines)
