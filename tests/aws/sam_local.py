"""`sam local invoke` of each function with the files of events/, in Docker, as a developer calls it. tests/sam-local.sh
runs it. The containers reach an AWS and the simulator on Docker's own bridge.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from desk import FUNCTIONS, HUNG, ROOT, Aws, Simulator
from hosts import with_test_hosts

LOGICAL = {"sync-incidents": "SyncIncidents", "test-connection": "TestConnection", "connections": "Connections", "tenant-calls": "TenantCalls"}


def bridge():
    """This machine, as its containers see it."""
    form = "{{(index .IPAM.Config 0).Gateway}}"
    found = subprocess.run(["docker", "network", "inspect", "bridge", "--format", form], capture_output=True, text=True, check=True)
    return found.stdout.strip() or "172.17.0.1"


def local_template(folder, aws):
    """The template with the bootstraps as they were built, in place of the sources, and with this AWS in place of
    Amazon's: sam sets only variables that a template has."""
    text = with_test_hosts((ROOT / "template.yaml").read_text())
    built = Path(os.environ.get("SOC_ANYWHERE_BOOTSTRAPS", ROOT / "target/bootstrap"))
    for function in FUNCTIONS:
        place = folder / function
        place.mkdir()
        (place / "bootstrap").write_bytes((built / function).read_bytes())
        (place / "bootstrap").chmod(0o755)
        assert f"CodeUri: functions/{function}\n" in text
        text = text.replace(f"CodeUri: functions/{function}\n", f"CodeUri: {place}\n")
    variables = "      Environment:\n        Variables:\n"
    assert text.count(variables) == len(FUNCTIONS)
    text = text.replace(variables, f"{variables}          AWS_ENDPOINT_URL: {aws.url}\n")
    (folder / "template.yaml").write_text(text)
    return folder / "template.yaml"


def invoke(template, function, event, variables):
    folder = template.parent
    (folder / "variables.json").write_text(json.dumps({"Parameters": variables}))
    command = [
        os.environ["SAM"], "local", "invoke", LOGICAL[function], "--template", template, "--event", event,
        "--env-vars", folder / "variables.json", "--parameter-overrides", "Architecture=x86_64",
        "--skip-pull-image", "--invoke-image", os.environ["LOCAL_IMAGE"],
    ]  # fmt: skip
    # sam hands on the credentials that it finds, as it does for a developer.
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=HUNG)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    assert done.returncode == 0 and lines, done.stderr[-3000:]
    return json.loads(lines[-1])


def table(aws):
    key = lambda name, kind: {"AttributeName": name, "KeyType": kind}
    aws.client("dynamodb").create_table(
        TableName="incidents",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[key("pk", "HASH"), key("sk", "RANGE")],
    )


def main():
    host = bridge()
    simulator, aws = Simulator(1, host), Aws(host)
    try:
        table(aws)
        tenant = simulator.tenants[0]
        variables = {
            "SOC_ANYWHERE_TABLE": "incidents",
            "SOC_ANYWHERE_STACK": "test",
            "SOC_ANYWHERE_QUEUE_URL": "",
            "SOC_ANYWHERE_API_ID": "api-id",
            "SOC_ANYWHERE_TENANT_CALLS": "arn:aws:lambda:eu-west-1:123456789012:function:tenant-calls:live",
            "SOC_ANYWHERE_LOGIN_URL": simulator.url,
            "SOC_ANYWHERE_GRAPH_URL": simulator.url,
            "SOC_ANYWHERE_ALLOW_TEST_HOSTS": "1",
        }
        with tempfile.TemporaryDirectory() as folder:
            template = local_template(Path(folder), aws)

            def answer(function, event):
                given = invoke(template, function, event, variables)
                print(f"  {function} < {Path(event).name}: {json.dumps(given)[:150]}", flush=True)
                return given

            events = ROOT / "events"
            assert answer("sync-incidents", events / "sync-incidents/tick.json") == {"due": 0, "queued": 0, "failed": 0}
            failures = answer("sync-incidents", events / "sync-incidents/queue.json")["batchItemFailures"]
            assert [failure["itemIdentifier"] for failure in failures] == ["2e1424d4-f796-459a-8184-9c92662be6da"]

            # The file's tenant is one of `cargo run -p defender-sim --example tenants`; here it is unknown.
            given = answer("test-connection", events / "test-connection/good.json")
            report = json.loads(given["body"])
            assert given["statusCode"] == 200 and not report["ok"], given
            good = json.loads((events / "test-connection/good.json").read_text())
            good["body"] = json.dumps(tenant)
            (Path(folder) / "good.json").write_text(json.dumps(good))
            given = answer("test-connection", Path(folder) / "good.json")
            assert given["statusCode"] == 200 and json.loads(given["body"])["ok"], given

            given = answer("connections", events / "connections/list.json")
            assert given["statusCode"] == 200 and json.loads(given["body"])["connections"] == [], given
            entry = json.loads((events / "connections/enter.json").read_text())
            entry["body"] = json.dumps(tenant)
            (Path(folder) / "enter.json").write_text(json.dumps(entry))
            given = answer("connections", Path(folder) / "enter.json")
            assert given["statusCode"] == 201, given
            assert answer("sync-incidents", events / "sync-incidents/tick.json")["due"] == 1
            given = answer("connections", events / "connections/list.json")
            (connection,) = json.loads(given["body"])["connections"]
            assert connection["lastSuccess"], connection
            assert answer("tenant-calls", events / "tenant-calls/test.json") == "notFound"
            call = json.loads((events / "tenant-calls/test.json").read_text())
            call["test"] = connection["id"]
            (Path(folder) / "test.json").write_text(json.dumps(call))
            given = answer("tenant-calls", Path(folder) / "test.json")["tested"]
            assert given["report"]["ok"], given
            assert answer("connections", events / "connections/clean.json") == {"removed": 0, "failed": 0}
    finally:
        simulator.end()
        aws.end()
    print("sam local invoke: all of it holds")


if __name__ == "__main__":
    main()
