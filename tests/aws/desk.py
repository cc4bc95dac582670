"""An AWS and an Entra and Graph of one's own, and the template deployed between them."""

import atexit
import fcntl
import io
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from http.client import HTTPConnection
from pathlib import Path

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from hosts import with_test_hosts

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
FUNCTIONS = ["sync-incidents", "test-connection", "connections", "tenant-calls"]
# What has not come within these seconds does not come: a busy machine needs long for all else.
HUNG = 300
ADMINISTRATOR = Credentials("test", "test")

# However a test ends, what it has started ends with it.
signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))


def reserve_port(host):
    """A port, and the lock that keeps the port for us: the same files as in tests/src/server.rs."""
    folder = Path(tempfile.gettempdir()) / "soc-anywhere-test-ports"
    folder.mkdir(exist_ok=True)
    ports = range(20_000, 32_000)
    for port in random.sample(ports, len(ports)):
        lock = open(folder / str(port), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as listener:
                listener.bind((host, port))
            return port, lock
        except OSError:
            lock.close()
    raise AssertionError("no port is free")


class Simulator:
    """The tenants of tests/examples/simulator.rs; it ends with its standard input."""

    def __init__(self, small, host="127.0.0.1"):
        program = os.environ.get("SOC_ANYWHERE_SIMULATOR", ROOT / "target/debug/examples/simulator")
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([program, str(small), host], stdin=pipe, stdout=pipe, text=True)
        atexit.register(self.end)
        first = json.loads(self.process.stdout.readline())
        self.url, self.tenants = first["url"], first["tenants"]

    def tell(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait(HUNG)


class Aws:
    """ministack, with signatures verified and policies enforced."""

    def __init__(self, host="127.0.0.1"):
        self.port, self.port_lock = reserve_port(host)
        self.url = f"http://{host}:{self.port}"
        self.log = tempfile.TemporaryFile("w+")
        # It unpacks the functions' code and leaves it behind.
        self.folder = tempfile.TemporaryDirectory()
        environment = {
            **os.environ,
            "TMPDIR": self.folder.name,
            "AUTH": "true",
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": host,
            "MINISTACK_HOST": "localhost",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ADMINISTRATOR.access_key,
            "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR.secret_key,
            "AWS_DEFAULT_REGION": REGION,
        }
        program = os.environ.get("SOC_ANYWHERE_MINISTACK", ROOT / ".tools/ministack/bin/ministack")
        self.process = subprocess.Popen([program], env=environment, stdout=self.log, stderr=self.log)
        atexit.register(self.end)
        wait("ministack", HUNG, self.answers)

    def answers(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError(f"ministack has ended ({self.process.returncode}): {self.log.read()}")
        try:
            return urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5).status == 200
        except OSError:
            return False

    def client(self, service, keys=None):
        keys = keys or {"AccessKeyId": ADMINISTRATOR.access_key, "SecretAccessKey": ADMINISTRATOR.secret_key}
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            # Nothing is repeated: what a busy machine has only answered late would be done twice.
            config=Config(read_timeout=HUNG, retries={"total_max_attempts": 1}),
        )

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(HUNG)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()


class Stack:
    """template.yaml itself, with hosts of one's own and the bootstraps as they were built."""

    def __init__(self, aws, name, **parameters):
        self.aws, self.name = aws, name
        self.formation = aws.client("cloudformation")
        started = time.monotonic()
        template, self.left_out = packaged(aws)
        aws.client("s3").put_object(Bucket="code", Key=f"{name}.yaml", Body=template.encode())
        self.formation.create_stack(
            StackName=name,
            # As SAM hands it over: a template in the call itself may have 51,200 bytes.
            TemplateURL=f"https://s3.{REGION}.amazonaws.com/code/{name}.yaml",
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        wait(f"stack {name}", HUNG, lambda: not self.status().endswith("IN_PROGRESS"))
        if self.status() != "CREATE_COMPLETE":
            events = self.formation.describe_stack_events(StackName=name)["StackEvents"]
            failed = [event for event in events if "FAILED" in event["ResourceStatus"]]
            raise AssertionError(f"{self.status()}: {[(e['LogicalResourceId'], e.get('ResourceStatusReason')) for e in failed]}")
        resources = self.formation.describe_stack_resources(StackName=name)["StackResources"]
        self.resources = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        described = self.formation.describe_stacks(StackName=name)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        # The emulator takes the parameter's text for the number that CloudFormation makes of it. As a number it keeps
        # to it: so many batches at a time.
        if mapping := self.resources.get("SyncIncidentsFromQueue"):
            functions = aws.client("lambda")
            most = functions.get_event_source_mapping(UUID=mapping)["ScalingConfig"]["MaximumConcurrency"]
            functions.update_event_source_mapping(UUID=mapping, ScalingConfig={"MaximumConcurrency": int(most)})
        took = time.monotonic() - started
        print(f"  {len(self.resources)} resources in {took:.1f} s; without {', '.join(self.left_out)}, which ministack does not know")

    def status(self):
        return self.formation.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]

    def delete(self):
        self.formation.delete_stack(StackName=self.name)

        def gone():
            try:
                return self.status() == "DELETE_COMPLETE"
            except ClientError as error:
                return "does not exist" in str(error)

        wait(f"the end of stack {self.name}", HUNG, gone)

    def call(self, method, path, body=None, signed_by=ADMINISTRATOR, headers=None):
        """One request to the HTTP API: status, JSON and headers."""
        host = f"{self.resources['Api']}.execute-api.localhost:{self.aws.port}"
        data = json.dumps(body) if body is not None else ""
        headers = {"host": host, **({"content-type": "application/json"} if data else {}), **(headers or {})}
        request = AWSRequest(method, f"http://{host}{path}", data=data, headers=headers)
        if signed_by:
            SigV4Auth(signed_by, "execute-api", REGION).add_auth(request)
        connection = HTTPConnection("127.0.0.1", self.aws.port, timeout=HUNG)
        connection.request(method, path, body=data, headers=dict(request.headers))
        response = connection.getresponse()
        text = response.read().decode()
        shown = {name.lower(): value for name, value in response.getheaders()}
        try:
            return response.status, json.loads(text), shown
        except json.JSONDecodeError:
            return response.status, text, shown

    def logged(self, group):
        """What a function has logged, as JSON where it is."""
        events = self.aws.client("logs").filter_log_events(logGroupName=self.resources[group], limit=10_000)["events"]
        lines = []
        for event in events:
            try:
                lines.append(json.loads(event["message"]))
            except json.JSONDecodeError:
                lines.append({"text": event["message"]})
        return lines


def packaged(aws):
    """The template with its code uploaded, as `sam package` does it; and what of it is left out."""
    text = with_test_hosts((ROOT / "template.yaml").read_text())
    s3 = aws.client("s3")
    if "code" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    folder = Path(os.environ.get("SOC_ANYWHERE_BOOTSTRAPS", ROOT / "target/bootstrap"))
    for function in FUNCTIONS:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as code:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o755 << 16
            code.writestr(entry, (folder / function).read_bytes(), zipfile.ZIP_DEFLATED)
        s3.put_object(Bucket="code", Key=f"{function}.zip", Body=archive.getvalue())
        assert f"CodeUri: functions/{function}\n" in text
        text = text.replace(f"CodeUri: functions/{function}\n", f"CodeUri: s3://code/{function}.zip\n")
    # AWS allows SendMessageBatch by `sqs:SendMessage`, and knows no action of the call's own name; the emulator asks
    # for that. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
    assert "[sqs:SendMessage, " in text
    text = text.replace("[sqs:SendMessage, ", "[sqs:SendMessage, sqs:SendMessageBatch, ")
    # The emulator never has this key, so a condition that it be there would refuse every call.
    text, conditions = re.subn(r", 'Null': (?:&HasKeys \{ 'dynamodb:LeadingKeys': 'false' \}|\*HasKeys)", "", text)
    assert conditions >= 10 and "HasKeys" not in text, conditions
    # The emulator keeps these names as a template has them, and looks for them as its API has them.
    for name in ("AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders", "MaxAge"):
        assert text.count(f" {name}: ") == 1, name
        text = text.replace(f" {name}: ", f" {name[0].lower()}{name[1:]}: ")
    # The emulator knows no alarm over an expression of metrics. No other resource is not deployed here.
    alarms = re.findall(r"\n  (\w+):(\n    Type: AWS::CloudWatch::Alarm\n(?: {4}.*\n)+)", text)
    left_out = {name: body for name, body in alarms if "Expression:" in body}
    for name, body in left_out.items():
        text = text.replace(f"\n  {name}:{body}", "")
    return text, left_out


def wait(what, seconds, condition):
    """Waits until the condition gives something, and gives it."""
    started = time.monotonic()
    while not (found := condition()):
        if time.monotonic() - started > seconds:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.5)
    return found
