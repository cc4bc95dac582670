"""The whole thing live: template.yaml on an AWS of one's own that enforces its policies, with the real bootstraps,
against the simulator. tests/aws.sh runs it. Each step says what it has seen; the first one that fails ends it.
"""

import json
import sys
import time
import uuid

from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from desk import Aws, Simulator, Stack, wait
from roles import check_roles

# The timer ticks once a minute. Two ticks, and what a slow machine needs besides.
TWO_TICKS = 150
# How many connections the queue is to carry within one tick.
MANY = 200

steps = []


def step(name):
    steps.append(name)
    print(f"{len(steps)}. {name}", flush=True)


def saw(text):
    print(f"   {text}", flush=True)


class Desk:
    def __init__(self):
        self.simulator = Simulator(MANY)
        self.aws = Aws()
        url = self.simulator.url
        self.stack = Stack(
            self.aws, "soc", Architecture="x86_64", Stage="test", TestLoginUrl=url, TestGraphUrl=url
        )
        self.table = self.stack.outputs["TableName"]
        self.dynamodb, self.sqs = self.aws.client("dynamodb"), self.aws.client("sqs")
        self.secrets = self.aws.client("secretsmanager")

    def end(self):
        self.simulator.end()
        self.aws.end()

    def records(self, connection, kind):
        values = {":pk": {"S": f"RECORDS#{connection}"}, ":sk": {"S": f"{kind}#"}}
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=values,
            Select="COUNT",
            ConsistentRead=True,
        )
        return sum(page["Count"] for page in pages)

    def complete(self, connection, tenant):
        truth = self.simulator.tell("records", tenant["tenantId"])
        stored = {"incidents": self.records(connection, "incident"), "alerts": self.records(connection, "alert")}
        return stored if stored["incidents"] >= truth["incidents"] > 0 and stored["alerts"] >= truth["alerts"] else None

    def connection(self, connection):
        status, shown, headers = self.stack.call("GET", f"/connections/{connection}")
        assert status == 200, (status, shown)
        return shown, headers["etag"]

    def state(self, connection):
        return self.connection(connection)[0]["health"]["state"]

    def waiting(self, queue):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.stack.outputs[queue], AttributeNames=names)
        return sum(int(number) for number in answer["Attributes"].values())

    def key_of(self, connection):
        return {"pk": {"S": f"CONNECTIONS#{connection[-1]}"}, "sk": {"S": connection}}


def entered(desk, tenant, **more):
    status, body, _ = desk.stack.call("POST", "/connections", {**tenant, **more})
    assert status == 201, (status, body)
    return body["connection"]["id"], body["test"]


def nobody_gets_in_unsigned(desk):
    step("a request that is not signed, or by somebody who may not, reaches no function")
    iam = desk.aws.client("iam")
    iam.create_user(UserName="stranger")
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    stranger = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    for path in ["/test-connection", "/connections", f"/connections/{uuid.uuid4()}/test"]:
        for caller in [None, stranger]:
            status, body, _ = desk.stack.call("POST", path, {}, signed_by=caller)
            assert status == 403, (path, caller, status, body)
    saw("403 six times")


def a_connection_is_tested_and_saved(desk, tenant):
    step("a connection is tested by itself, and entered over the HTTP API it is tested and saved")
    status, report, _ = desk.stack.call("POST", "/test-connection", tenant)
    assert status == 200 and report["ok"], (status, report)
    connection, test = entered(desk, tenant, name="Contoso")
    assert test["ok"], test
    stored = desk.secrets.get_secret_value(SecretId=f"soc-anywhere/test/conn/{connection}")
    assert tenant["clientSecret"] in stored["SecretString"] and "AWSCURRENT" in stored["VersionStages"]
    item = desk.dynamodb.get_item(TableName=desk.table, Key=desk.key_of(connection))["Item"]
    assert tenant["clientSecret"] not in json.dumps(item)
    saw(f"connection {connection}; its secret is in Secrets Manager, and not in the table")
    return connection


def the_schedule_brings_incidents(desk, connection, tenant, began):
    step("the schedule fires by itself, and the incidents are in the table within two ticks")
    stored = wait("incidents and alerts", TWO_TICKS, lambda: desk.complete(connection, tenant))
    saw(f"{stored['incidents']} incidents and {stored['alerts']} alerts after {time.monotonic() - began:.0f} s")
    wait("connected", 30, lambda: desk.state(connection) in ("connected", "attention"))


def a_bad_secret_is_its_customer_s(desk, connection):
    step("a connection whose secret is bad ends in `failing`, and not among the dead letters")
    wait("failing", TWO_TICKS, lambda: desk.state(connection) == "failing")
    shown = desk.connection(connection)[0]
    saw(shown["health"]["fault"])
    assert desk.waiting("DeadLettersUrl") == 0


def a_replaced_secret_is_used(desk, connection, tenant):
    step("the secret is replaced, and syncing goes on")
    new = "N3w8Q~" + "x" * 34
    desk.simulator.tell("replace-secret", tenant["tenantId"], new)
    before = desk.connection(connection)[0]["lastAttempt"]
    status, body, _ = desk.stack.call(
        "PUT", f"/connections/{connection}/credential", {"clientSecret": new}, headers={"if-match": desk.connection(connection)[1]}
    )
    assert status == 200 and body["test"]["ok"], (status, body)
    stored = desk.secrets.get_secret_value(SecretId=f"soc-anywhere/test/conn/{connection}")
    assert new in stored["SecretString"]
    desk.simulator.tell("requests")

    def synced():
        asked = desk.simulator.tell("requests")
        shown = desk.connection(connection)[0]
        return shown["lastAttempt"] > before and asked["incidents"] and shown

    # The first tick may have begun before the secret was replaced.
    time.sleep(1)
    shown = wait("another sync", TWO_TICKS, synced)
    assert shown["health"]["state"] != "failing", shown["health"]
    saw(f"synced at {shown['lastAttempt']}, {shown['health']['state']}")


def a_poisoned_message_is_set_aside(desk):
    step("a poisoned message ends among the dead letters")
    # Else it would take nine minutes.
    desk.sqs.set_queue_attributes(QueueUrl=desk.stack.outputs["QueueUrl"], Attributes={"VisibilityTimeout": "5"})
    desk.sqs.send_message(QueueUrl=desk.stack.outputs["QueueUrl"], MessageBody='{"connection": "poison"}')
    wait("a dead letter", 60, lambda: desk.waiting("DeadLettersUrl") == 1)
    letter = desk.sqs.receive_message(QueueUrl=desk.stack.outputs["DeadLettersUrl"])["Messages"][0]
    assert letter["Body"] == '{"connection": "poison"}', letter
    saw("it is there as it was sent")


def many_are_synced_within_a_tick(desk, like):
    step(f"{MANY} connections are all synced within one tick, over the queue")
    sample = desk.dynamodb.get_item(TableName=desk.table, Key=desk.key_of(like))["Item"]
    for number, tenant in enumerate(desk.simulator.tenants[1:]):
        connection = str(uuid.UUID(int=(uuid.UUID(like).int & ~0xFFFF) | 0x1000 + number))
        desk.secrets.create_secret(Name=f"soc-anywhere/test/conn/{connection}", SecretString=tenant["clientSecret"])
        item = {name: value for name, value in sample.items() if name not in ("holder", "lease_until", "free_from", "last_attempt")}
        item |= desk.key_of(connection)
        item |= {
            "owner": {"S": f"owner {number % 7}"},
            "tenant_id": {"S": tenant["tenantId"]},
            "client_id": {"S": tenant["clientId"]},
            "next_due": sample["created"],
            "fence": {"N": "0"},
            "revision": {"N": "0"},
        }
        desk.dynamodb.put_item(TableName=desk.table, Item=item)
    ids = [str(uuid.UUID(int=(uuid.UUID(like).int & ~0xFFFF) | 0x1000 + number)) for number in range(MANY)]

    def attempts():
        found = []
        for some in range(0, MANY, 100):
            keys = {"Keys": [desk.key_of(connection) for connection in ids[some : some + 100]]}
            answer = desk.dynamodb.batch_get_item(RequestItems={desk.table: keys})["Responses"][desk.table]
            found += [int(item["last_attempt"]["N"]) / 1e7 for item in answer if "last_attempt" in item]
        return found if len(found) == MANY else None

    first = wait("a first sync of all", TWO_TICKS + 60, attempts)
    saw(f"all begun within {max(first) - min(first):.0f} s")
    assert max(first) - min(first) < 60, "longer than a tick"
    wait("all complete", 60, lambda: all(desk.complete(i, t) for i, t in zip(ids, desk.simulator.tenants[1:])))
    saw("all of them have their incidents and alerts")
    wait("an empty queue", 60, lambda: desk.waiting("QueueUrl") == 0)
    assert desk.waiting("DeadLettersUrl") <= 1, "more than the poisoned one"


def what_is_logged_is_what_may_be(desk):
    step("each sync has its line, metrics have no connection, and no secret is in a log")
    lines = desk.stack.logged("SyncIncidentsLogs")
    synced = [line for line in lines if line.get("message") == "synced"]
    assert len(synced) >= MANY and all("connection" in line and "duration_ms" in line for line in synced)
    metrics = [line for line in lines if "_aws" in line]
    assert metrics and not any("connection" in line for line in metrics)
    failed = [line for line in synced if line.get("cause") == "wrong_secret"]
    assert failed and all(line["detail"] for line in failed), "a refusal has its code and request ids"
    everything = json.dumps([desk.stack.logged(g) for g in ("SyncIncidentsLogs", "TestConnectionLogs", "ConnectionsLogs")])
    secrets = [tenant["clientSecret"] for tenant in desk.simulator.tenants] + ["N3w8Q~", "b4d8Q~"]
    assert not any(secret in everything for secret in secrets)
    saw(f"{len(synced)} lines of syncs, {len(metrics)} of metrics")


def main():
    desk = Desk()
    try:
        good, bad = desk.simulator.tenants[0], dict(desk.simulator.tenants[1])
        bad["clientSecret"] = "b4d8Q~" + "y" * 34
        nobody_gets_in_unsigned(desk)
        began = time.monotonic()
        connection = a_connection_is_tested_and_saved(desk, good)
        failing, test = entered(desk, bad, saveAnyway=True)
        assert not test["ok"], test
        the_schedule_brings_incidents(desk, connection, good, began)
        a_bad_secret_is_its_customer_s(desk, failing)
        a_replaced_secret_is_used(desk, connection, good)
        a_poisoned_message_is_set_aside(desk)
        many_are_synced_within_a_tick(desk, connection)
        what_is_logged_is_what_may_be(desk)
        step("each role may do what it needs, and is refused what it does not")
        for line in check_roles(desk, connection):
            saw(line)
    except BaseException:
        desk.aws.log.seek(0)
        tail = desk.aws.log.read().splitlines()[-40:]
        print("\n".join(["--- the end of ministack's log"] + tail), file=sys.stderr)
        for group in ("SyncIncidentsLogs", "ConnectionsLogs"):
            for line in desk.stack.logged(group)[-15:] if hasattr(desk, "stack") else []:
                print(group, json.dumps(line)[:600], file=sys.stderr)
        raise
    finally:
        desk.end()
    print(f"all {len(steps)} hold")


if __name__ == "__main__":
    main()
