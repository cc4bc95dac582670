"""The whole thing live: template.yaml on an AWS of one's own that enforces its policies, with the real bootstraps,
against the simulator. tests/aws.sh runs it. Each step says what it has seen; the first one that fails ends it.
"""

import json
import sys
import time
import uuid
from datetime import datetime

from botocore.credentials import Credentials

from desk import HUNG, ROOT, Aws, Simulator, Stack, wait
from operator_tool import Operator
from roles import check_roles
from watched import metrics_of_alarm, metrics_of_dashboard, metrics_of_left_out, printed_metrics, rare_metrics

# How many connections the queue is to carry.
MANY = 200

STARTED = time.monotonic()
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
            self.aws, "soc", Architecture="x86_64", TestLoginUrl=url, TestGraphUrl=url
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

    def lines(self, group, message):
        """The lines of a log with this message."""
        return [line for line in self.stack.logged(group) if line.get("message") == message]

    def synced(self):
        return self.lines("SyncIncidentsLogs", "synced")

    def ticks(self):
        return self.lines("SyncIncidentsLogs", "ticked")

    def key_of(self, connection):
        return {"pk": {"S": f"CONNECTIONS#{connection[-1]}"}, "sk": {"S": connection}}


def instant(line):
    """When a line was written, in seconds since 1970."""
    return datetime.fromisoformat(line["timestamp"]).timestamp()


def start(line):
    """When what the line tells of began."""
    return instant(line) - line["duration_ms"] / 1000


def read(line):
    """Whether this sync has read all that is new; history may be still to come."""
    return line["outcome"] in ("complete", "progressing")


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
    stored = desk.secrets.get_secret_value(SecretId=f"soc-anywhere/{desk.stack.name}/conn/{connection}")
    assert tenant["clientSecret"] in stored["SecretString"] and "AWSCURRENT" in stored["VersionStages"]
    item = desk.dynamodb.get_item(TableName=desk.table, Key=desk.key_of(connection))["Item"]
    assert tenant["clientSecret"] not in json.dumps(item)
    saw(f"connection {connection}; its secret is in Secrets Manager, and not in the table")
    return connection


def a_saved_connection_is_tested_by_the_function_without_a_route(desk, connection):
    step("a saved connection is tested by tenant-calls, which alone of the two reads its secret")
    status, report, headers = desk.stack.call("POST", f"/connections/{connection}/test")
    assert status == 200 and report["ok"] and headers["etag"], (status, report)
    (line,) = [line for line in desk.lines("TenantCallsLogs", "connection tested") if line["connection"] == connection]
    assert line["verdict"] == "passed" and line["owner"].startswith("iam:"), line
    assert not [line for line in desk.lines("ConnectionsLogs", "connection tested") if line.get("connection")]
    missing = f"/connections/{uuid.uuid4()}/test"
    status, problem, _ = desk.stack.call("POST", missing)
    assert (status, problem["type"]) == (404, "urn:soc-anywhere:problem:not-found"), (status, problem)
    # Who invokes the function past the API names any owner, and is refused.
    event = json.loads((ROOT / "events/connections/list.json").read_text())
    for api in ("", "another-api"):
        event["requestContext"]["apiId"] = api
        payload = json.dumps(event).encode()
        for function in ("Connections", "TestConnection"):
            answer = desk.aws.client("lambda").invoke(FunctionName=desk.stack.resources[function], Payload=payload)
            assert json.loads(answer["Payload"].read())["statusCode"] == 403, (function, api)
    saw(f"passed; by owner {line['owner']}. Another API's requests: 403 four times")


def many_are_entered(desk, like):
    """As the API writes them, and not one by one over it: an owner enters ten a minute."""
    sample = desk.dynamodb.get_item(TableName=desk.table, Key=desk.key_of(like))["Item"]
    of_runs = ("holder", "lease_until", "free_from", "last_attempt")
    blank = {name: value for name, value in sample.items() if name not in of_runs}
    items = {}
    for number, tenant in enumerate(desk.simulator.tenants[1:]):
        connection = str(uuid.UUID(int=(uuid.UUID(like).int & ~0xFFFF) | 0x1000 + number))
        desk.secrets.create_secret(Name=f"soc-anywhere/{desk.stack.name}/conn/{connection}", SecretString=tenant["clientSecret"])
        items[connection] = blank | desk.key_of(connection) | {
            "group": {"S": f"group {number % 7}"},
            "tenant_id": {"S": tenant["tenantId"]},
            "client_id": {"S": tenant["clientId"]},
            "next_due": sample["created"],
            "fence": {"N": "0"},
            "revision": {"N": "0"},
        }  # fmt: skip
    # Together, so that one tick finds all of them.
    puts = [{"PutRequest": {"Item": item}} for item in items.values()]
    for some in range(0, MANY, 25):
        left = desk.dynamodb.batch_write_item(RequestItems={desk.table: puts[some : some + 25]})["UnprocessedItems"]
        assert not left, left
    return dict(zip(items, desk.simulator.tenants[1:]))


def a_poisoned_message_is_set_aside(desk):
    step("a poisoned message ends among the dead letters")
    poison, queue = '{"connection": "poison"}', desk.stack.outputs["QueueUrl"]

    def visible_after(seconds):
        desk.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(seconds)})

    deployed = desk.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    # Else it would take nine minutes.
    visible_after(2)
    desk.sqs.send_message(QueueUrl=queue, MessageBody=poison)
    wait("a dead letter", HUNG, lambda: desk.waiting("DeadLettersUrl") == 1)
    visible_after(deployed["VisibilityTimeout"])
    (letter,) = desk.sqs.receive_message(QueueUrl=desk.stack.outputs["DeadLettersUrl"])["Messages"]
    assert letter["Body"] == poison, letter
    saw("it is there as it was sent")


def the_schedule_brings_incidents(desk, connection, tenant, entered_at):
    step("the schedule fires by itself, each tick finds the connection, and the incidents come")
    stored = wait("incidents and alerts", HUNG, lambda: desk.complete(connection, tenant))
    whole = lambda: [line for line in desk.synced() if line["connection"] == connection and read(line)]
    first = min(wait("the line of its sync", HUNG, whole), key=instant)
    # Whatever time the sync itself takes on a busy machine, no tick has passed it over.
    after = lambda: [line for line in desk.ticks() if start(line) > entered_at]
    ticks = wait("the line of a tick", HUNG, after)
    for tick in ticks:
        assert tick["due"] >= 1 and tick["queued"] == tick["due"] and tick["failed"] == 0, tick
    after = f"ended {instant(first) - entered_at:.1f} s after it was entered, and each of {len(ticks)} ticks found it"
    saw(f"{stored['incidents']} incidents and {stored['alerts']} alerts; the first sync {after}")
    wait("connected", HUNG, lambda: desk.state(connection) in ("connected", "attention"))


def a_bad_secret_is_its_customer_s(desk, connection):
    step("a connection whose secret is bad ends in `failing`, and not among the dead letters")
    wait("failing", HUNG, lambda: desk.state(connection) == "failing")
    saw(desk.connection(connection)[0]["health"]["fault"])
    assert desk.waiting("DeadLettersUrl") == 1, "more than the poisoned one"


def many_are_synced_over_the_queue(desk, many):
    step(f"one tick queues {MANY} connections, and all are synced over the queue")

    def ended():
        """When each was first synced to its end."""
        lines = [line for line in desk.synced() if line["outcome"] == "complete" and line["connection"] in many]
        first = {}
        for line in sorted(lines, key=instant):
            first.setdefault(line["connection"], instant(line))
        return first if len(first) == MANY else None

    ends = wait("a whole sync of all", HUNG, ended)
    first = wait("a tick with all of them", HUNG, lambda: [line for line in desk.ticks() if line["due"] >= MANY])[0]
    assert first["queued"] == first["due"] and first["failed"] == 0, first
    last = max(ends.values()) - start(first)
    saw(f"a tick found {first['due']} due; {MANY} syncs were at their end {last:.1f} s after it began")
    missing = [i for i, tenant in many.items() if not desk.complete(i, tenant)]
    assert not missing, f"{len(missing)} lack incidents or alerts"
    saw("all of them have their incidents and alerts")
    wait("an empty queue", HUNG, lambda: desk.waiting("QueueUrl") == 0)
    assert desk.waiting("DeadLettersUrl") == 1, "more than the poisoned one"


def a_replaced_secret_is_used(desk, connection, tenant):
    step("the secret is replaced, and syncing goes on")
    new = "N3w~fake~" + "x" * 34
    desk.simulator.tell("replace-secret", tenant["tenantId"], new)
    etag = {"if-match": desk.connection(connection)[1]}
    path = f"/connections/{connection}/credential"
    status, body, _ = desk.stack.call("PUT", path, {"clientSecret": new}, headers=etag)
    assert status == 200 and body["test"]["ok"], (status, body)
    stored = desk.secrets.get_secret_value(SecretId=f"soc-anywhere/{desk.stack.name}/conn/{connection}")
    assert new in stored["SecretString"]
    # The old one is refused from now on, and so are the tokens that it got.
    replaced = time.time()

    def synced():
        lines = [line for line in desk.synced() if line["connection"] == connection and instant(line) > replaced]
        return next(filter(read, lines), None)

    line = wait("another sync", HUNG, synced)
    assert line["graph_calls"] >= 2 and line["graph_request_id"], line
    state = desk.state(connection)
    assert state != "failing", state
    saw(f"synced {instant(line) - replaced:.0f} s later, {state}")


def a_removal_that_was_cut_off_is_finished(desk, connection):
    step("the second schedule's event finishes a removal that was cut off, under the function's own role")
    scheduler, function = desk.aws.client("scheduler"), desk.stack.resources["Connections"]
    schedules = [scheduler.get_schedule(Name=each["Name"]) for each in scheduler.list_schedules()["Schedules"]]
    (cleaning,) = [each for each in schedules if each["Target"]["Arn"].endswith(f":{function}:live")]
    assert (cleaning["ScheduleExpression"], cleaning["State"]) == ("rate(5 minutes)", "ENABLED"), cleaning
    # As a request leaves it that ran out of time.
    item = desk.dynamodb.get_item(TableName=desk.table, Key=desk.key_of(connection))["Item"]
    long_ago = str(int(item["created"]["N"]) - 10_000_000 * 600)
    item |= {"lifecycle": {"S": "removing"}, "created": {"N": long_ago}}
    desk.dynamodb.put_item(TableName=desk.table, Item=item)
    event = cleaning["Target"]["Input"].encode()
    answer = desk.aws.client("lambda").invoke(FunctionName=function, Payload=event)["Payload"].read()
    assert json.loads(answer) == {"removed": 1, "failed": 0}, answer
    assert "Item" not in desk.dynamodb.get_item(TableName=desk.table, Key=desk.key_of(connection))
    tombstone = {"pk": {"S": f"REMOVED#{connection[-1]}"}, "sk": {"S": connection}}
    left = desk.dynamodb.get_item(TableName=desk.table, Key=tombstone)["Item"]
    assert left["lifecycle"]["S"] == "removed" and "group" not in left, left
    assert desk.records(connection, "incident") == 0
    secret = desk.secrets.describe_secret(SecretId=f"soc-anywhere/{desk.stack.name}/conn/{connection}")
    assert secret["DeletedDate"], secret
    saw("its records are gone, and its secret is deleted")


def what_is_logged_is_what_may_be(desk, operator):
    step("each sync has its line, metrics have no connection, and no secret is in a log")
    lines = desk.stack.logged("SyncIncidentsLogs")
    # Lambda's own lines are text in the emulator; in AWS the template's log format makes JSON of them, too.
    of_lambda = ("START RequestId", "END RequestId", "REPORT RequestId")
    texts = [line["text"] for line in lines if "text" in line and not line["text"].startswith(of_lambda)]
    assert not texts, texts[:3]
    synced = desk.synced()
    assert len(synced) >= MANY and all("connection" in line and "duration_ms" in line for line in synced)
    failed = [line for line in synced if line.get("cause") == "wrong_secret"]
    assert failed and all(line["detail"] for line in failed), "a refusal has its code and request ids"
    tested = [line for group in ("ConnectionsLogs", "TestConnectionLogs", "TenantCallsLogs") for line in desk.lines(group, "connection tested")]
    assert len(tested) == 5 and all(line["owner"] and line["tenant"] and line["verdict"] for line in tested), tested
    everything = json.dumps([desk.stack.logged(g) for g in ("SyncIncidentsLogs", "TestConnectionLogs", "ConnectionsLogs", "TenantCallsLogs")])
    secrets = [tenant["clientSecret"] for tenant in desk.simulator.tenants] + ["N3w~fake~", "b4d~fake~"]
    assert not any(secret in everything + "".join(operator.said) for secret in secrets)
    metrics = [line for line in lines if "_aws" in line]
    assert metrics and not any("connection" in line for line in metrics)
    size = lambda some: sum(len(json.dumps(line, separators=(",", ":"))) for line in some)
    of_syncs, of_metrics = size(synced) / len(synced), size(metrics) / len(metrics)
    saw(f"{len(synced)} lines of syncs of {of_syncs:.0f} bytes, {len(metrics)} of metrics of {of_metrics:.0f}")


def what_is_watched_is_printed(desk):
    step("what the alarms and the dashboard watch is what the function prints")
    groups = ("SyncIncidentsLogs", "TestConnectionLogs", "ConnectionsLogs", "TenantCallsLogs")
    printed = printed_metrics([line for group in groups for line in desk.stack.logged(group)])
    cloudwatch = desk.aws.client("cloudwatch")
    alarms = [metric for alarm in cloudwatch.describe_alarms()["MetricAlarms"] for metric in metrics_of_alarm(alarm)]
    (name,) = [dashboard["DashboardName"] for dashboard in cloudwatch.list_dashboards()["DashboardEntries"]]
    shown = metrics_of_dashboard(json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]))
    function = desk.stack.resources["SyncIncidents"]
    printed |= rare_metrics(function)
    # The alarms that the emulator does not take.
    left_out = metrics_of_left_out(desk.stack.left_out, function)
    assert len(alarms) >= 9 and len(left_out) == 8 and len(shown) >= 10, (alarms, left_out, shown)
    nowhere = [metric for metric in alarms + left_out + shown if metric not in printed]
    assert not nowhere, f"nobody prints {nowhere}"
    saw(f"{len(alarms) + len(left_out)} metrics of alarms and {len(shown)} of the dashboard are among {len(printed)} printed")


def the_other_choices_deploy(desk):
    step("with every choice turned round the template deploys, too: no queue, tokens of an issuer, a restored table, a VPC")
    ec2 = desk.aws.client("ec2")
    subnets = sorted(subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"])[:2]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    other = Stack(
        desk.aws, "other", Architecture="x86_64", UseQueue="false", RetentionDays="400",
        JwtIssuer="https://issuer.example.com", JwtScope="", AllowedOrigins="https://app.example.com", DeletionProtection="false",
        RestoredTable="restored", SubnetIds=",".join(subnets), SecurityGroupIds=group,
    )  # fmt: skip
    assert "ApiAuthorizer" in other.resources, other.resources
    assert not {"Queue", "DeadLetters", "SyncIncidentsFromQueue", "DeadLettersArrived"} & other.resources.keys()
    own = other.resources["Table"]
    described = desk.dynamodb.describe_table(TableName=own)["Table"]
    assert not described["DeletionProtectionEnabled"], described

    def variables(function):
        configuration = desk.aws.client("lambda").get_function_configuration(FunctionName=other.resources[function])
        return configuration["Environment"]["Variables"]

    assert variables("Connections")["SOC_ANYWHERE_SECRETS_KEY"].endswith(other.resources["Key"])
    # Its name wherever the stack's own would be, and nowhere the right to that one.
    tables = {variables(function)["SOC_ANYWHERE_TABLE"] for function in ("SyncIncidents", "TestConnection", "Connections", "TenantCalls")}
    assert tables == {"restored"} == {other.outputs["TableName"]}, tables
    iam = desk.aws.client("iam")
    for role in ("SyncIncidentsRole", "TestConnectionRole", "ConnectionsRole", "TenantCallsRole"):
        name = other.resources[role]
        (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
        document = json.dumps(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
        assert ":table/restored\"" in document and own not in document, document
        assert "ec2:CreateNetworkInterface" in document, document
    sync = variables("SyncIncidents")
    assert (sync["SOC_ANYWHERE_QUEUE_URL"], sync["SOC_ANYWHERE_RETENTION_DAYS"]) == ("", "400"), sync
    # A browser's preflight carries no credentials. That it reaches no authorizer on AWS either, tests/template.py holds.
    routes = desk.aws.client("apigatewayv2").get_routes(ApiId=other.resources["Api"])["Items"]
    assert len(routes) == 8 and not any(route.get("AuthorizationScopes") for route in routes), routes
    asked = {"access-control-request-method": "PATCH", "access-control-request-headers": "authorization,if-match"}
    allowed = "https://app.example.com"
    for origin, answered in [(allowed, allowed), ("https://elsewhere.example.com", None)]:
        path = f"/connections/{uuid.uuid4()}"
        status, _, shown = other.call("OPTIONS", path, signed_by=None, headers={"origin": origin, **asked})
        assert shown.get("access-control-allow-origin") == answered, (origin, status, shown)
        assert not answered or "PATCH" in shown["access-control-allow-methods"], shown
    # Whoever has signed as the account's administrator has no token of that issuer.
    status, body, _ = other.call("GET", "/connections")
    assert status == 401, (status, body)
    other.delete()
    desk.dynamodb.describe_table(TableName=own)
    assert desk.aws.client("kms").describe_key(KeyId=other.resources["Key"])["KeyMetadata"]["KeyState"] == "Enabled"
    saw("and it is removed again; its table and its key stay")


def main():
    desk = Desk()
    try:
        good, bad = desk.simulator.tenants[0], dict(desk.simulator.tenants[1])
        bad["clientSecret"] = "b4d~fake~" + "y" * 34
        nobody_gets_in_unsigned(desk)
        connection = a_connection_is_tested_and_saved(desk, good)
        entered_at = time.time()
        failing, test = entered(desk, bad, saveAnyway=True)
        assert not test["ok"], test
        a_saved_connection_is_tested_by_the_function_without_a_route(desk, connection)
        a_poisoned_message_is_set_aside(desk)
        operator = Operator(desk)
        step("one command stops all syncs")
        operator.all_stops()
        step("each role may do what it needs, and is refused what it does not")
        for line in check_roles(desk, connection):
            saw(line)
        the_other_choices_deploy(desk)
        step("no tick has come since all syncs were stopped, and one command lets them go on")
        operator.nothing_was_begun([start(line) for line in desk.ticks()])
        operator.all_starts()
        the_schedule_brings_incidents(desk, connection, good, entered_at)
        many = many_are_entered(desk, connection)
        a_bad_secret_is_its_customer_s(desk, failing)
        many_are_synced_over_the_queue(desk, many)
        a_replaced_secret_is_used(desk, connection, good)
        step("an operator looks at the connections of all owners, stops one, pulls the engine's levers, and purges letters")
        operator.letters_are_shown_and_purged()
        operator.looks_and_mends(connection, failing, many)
        operator.mistakes_are_told(connection)
        saw(f"{operator.leaves_a_trail(connection)} lines of the trail")
        a_removal_that_was_cut_off_is_finished(desk, next(iter(many)))
        what_is_logged_is_what_may_be(desk, operator)
        what_is_watched_is_printed(desk)
    except BaseException:
        desk.aws.log.seek(0)
        tail = desk.aws.log.read().splitlines()[-40:]
        print("\n".join(["--- the end of ministack's log"] + tail), file=sys.stderr)
        for group in ("SyncIncidentsLogs", "ConnectionsLogs", "TenantCallsLogs"):
            for line in desk.stack.logged(group)[-15:]:
                print(group, json.dumps(line)[:600], file=sys.stderr)
        raise
    finally:
        desk.end()
    print(f"all {len(steps)} hold, in {time.monotonic() - STARTED:.0f} s")


if __name__ == "__main__":
    main()
