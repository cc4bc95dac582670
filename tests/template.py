"""Our own rules for template.yaml: tests/template.sh runs them, by the SAM CLI's Python, which has PyYAML and SAM's transform."""

import json
import re
import sys
from pathlib import Path

import boto3
import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse


class Loader(yaml.SafeLoader):
    """CloudFormation's short forms are read as what they stand for: `!Ref A` as {"!Ref": "A"}."""


def short_form(loader, suffix, node):
    kinds = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}
    construct = kinds.get(type(node), loader.construct_mapping)
    return {f"!{suffix}": construct(node, *([] if construct == loader.construct_scalar else [True]))}


Loader.add_multi_constructor("!", short_form)

text = Path(sys.argv[1]).read_text()
failures = []


def rule(name, broken):
    if broken:
        failures.append(f"{name}: {broken}")


template = yaml.load(text, Loader)


def statements(node):
    """Every statement of a policy anywhere below."""
    if isinstance(node, dict):
        if "Effect" in node:
            yield node
        for value in node.values():
            yield from statements(value)
    elif isinstance(node, list):
        for value in node:
            yield from statements(value)


def several(value):
    return value if isinstance(value, list) else [value]


found = list(statements(template["Resources"]))
actions = [action for statement in found if statement["Effect"] == "Allow" for action in several(statement["Action"])]
rule("a template without actions was read", not actions)
without = [key for statement in found for key in ("NotAction", "NotResource", "NotPrincipal") if key in statement]
rule("what is allowed is named, and nothing is by what it is not", without)
# An account administers its own keys.
wild = [action for action in actions if "*" in action]
rule("no action has a wildcard but kms:* of the key's own policy", wild != ["kms:*"] and wild)
# Lambda asks for the rights of network interfaces on every resource; they are there for Lambda only.
every = [statement for statement in found if "*" in several(statement.get("Resource", []))]
OF_KEY = {"Administer", "EncryptLogs"}
OF_INTERFACES = {"LetLambdaPutTheFunctionIntoTheVpc": "Allow", "AndRefuseThoseRightsToTheCode": "Deny"}
elsewhere = [statement for statement in every if statement.get("Sid") not in OF_KEY | OF_INTERFACES.keys()]
rule("a key's policy and network interfaces are the only places with every resource", elsewhere)
FIVE = [f"ec2:{name}" for name in (
    "AssignPrivateIpAddresses", "CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces", "UnassignPrivateIpAddresses"
)]  # fmt: skip
OF_FUNCTIONS = {"ConnectionsRole", "SyncIncidentsRole", "TenantCallsRole", "TestConnectionRole"}
for name, role in template["Resources"].items():
    if role["Type"] == "AWS::IAM::Role":
        (trusted,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        own = {"StringEquals": {"aws:SourceAccount": {"!Ref": "AWS::AccountId"}}}
        rule(f"{name} is taken on behalf of this account only", trusted.get("Condition") != own and trusted)
        (policy,) = role["Properties"]["Policies"]
    if name in OF_FUNCTIONS:
        conditional = [each["!If"] for each in policy["PolicyDocument"]["Statement"] if "!If" in each]
        network = {told["Sid"]: (told["Effect"], told["Action"]) for condition, told, _ in conditional if condition == "InVpc"}
        asked = {sid: (effect, FIVE) for sid, effect in OF_INTERFACES.items()}
        rule(f"{name} has Lambda's five rights in a VPC, and its code has not", network != asked and network)

# What is encrypted under a key, and named by a prefix, must be found again whatever parameter is changed.
key = template["Resources"]["Key"]
rule("the key is there in each stack, and stays", key.get("Condition") or key["DeletionPolicy"] != "RetainExceptOnCreate")
OF_A_KEY = {"AWS::DynamoDB::Table": 1, "AWS::SQS::Queue": 2, "AWS::Logs::LogGroup": 5}
for kind, least in OF_A_KEY.items():
    resources = {name: body["Properties"] for name, body in template["Resources"].items() if body["Type"] == kind}
    rule(f"fewer of {kind} than there are", len(resources) < least)
    keys = {name: body.get("SSESpecification", body).get("KMSMasterKeyId", body.get("KmsMasterKeyId", body.get("KmsKeyId"))) for name, body in resources.items()}
    rule(f"each {kind} is under the key", [name for name, under in keys.items() if under != {"!GetAtt": "Key.Arn"}])
logs = {name: body for name, body in template["Resources"].items() if body["Type"] == "AWS::Logs::LogGroup"}
rule("logs stay but where the first deployment fails", [name for name, body in logs.items() if (body.get("DeletionPolicy"), body.get("UpdateReplacePolicy")) != ("RetainExceptOnCreate", "Retain")])
names = re.findall(r"secret:soc-anywhere/(.*?)/conn/", text) + re.findall(r"SOC_ANYWHERE_STACK: !Ref (.*)", text)
rule("secrets are named by the stack and no parameter", set(names) != {"${AWS::StackName}", "AWS::StackName"} and names)

# What a function depends on, and its alias would not follow.
conditions = template["Conditions"]


def parameters_of(node):
    """The parameters that a part of the template depends on, by conditions, too."""
    if isinstance(node, list):
        return set().union(*map(parameters_of, node))
    if not isinstance(node, dict):
        return set()
    named = set()
    for key, value in node.items():
        if key in ("!If", "Fn::If"):
            named |= parameters_of(conditions[value[0]])
        if key == "!Condition":
            named |= parameters_of(conditions[value])
        texts = [each for each in several(value) if isinstance(each, str)]
        named |= {value} if key == "!Ref" else set(re.findall(r"\$\{(\w+)\}", " ".join(texts))) if key == "!Sub" else parameters_of(value)
    return named & template["Parameters"].keys()


OF_THE_CODE = {"Architecture"}
for name, body in template["Resources"].items():
    if body["Type"] == "AWS::Serverless::Function":
        own = dict(body["Properties"])
        version = own.pop("VersionDescription", {"!Sub": ""})["!Sub"]
        told = set(re.findall(r"\$\{(\w+)\}", version))
        asked = parameters_of([own, template["Globals"]["Function"]]) - OF_THE_CODE
        rule(f"a version of {name} has the parameters that it depends on", told ^ asked)
        lengths = [each.get("MaxLength") or max(len(str(value)) for value in each.get("AllowedValues", [each.get("MaxValue", "0000")])) for each in map(template["Parameters"].get, told)]
        rule(f"a version of {name} can be described", sum(lengths) + len(lengths) - 1 > 256 and lengths)
        rule(f"{name} publishes all of its properties", own.get("AutoPublishAliasAllProperties") is not True)
# What CloudFormation gets from SAM. A version that is replaced must stay: `live` goes back to it.
source = yaml_parse(text)
for body in source["Resources"].values():
    if body["Type"] == "AWS::Serverless::Function":
        body["Properties"]["CodeUri"] = "s3://bucket/key"
defaults = {name: str(parameter.get("Default", "")) for name, parameter in source["Parameters"].items()}
session = boto3.Session(region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
made = Translator({}, Parser(), boto_session=session).translate(source, defaults)["Resources"]
versions = {name: body for name, body in made.items() if body["Type"] == "AWS::Lambda::Version"}
rule("each function has a version", len(versions) != len(re.findall("Type: AWS::Serverless::Function", text)))
rule("versions stay", [name for name, body in versions.items() if (body.get("DeletionPolicy"), body.get("UpdateReplacePolicy")) != ("Retain", "Retain")])
rule("functions go with the stack", [name for name, body in made.items() if body["Type"] == "AWS::Lambda::Function" and "DeletionPolicy" in body])
integrations = {name: body["Properties"] for name, body in template["Resources"].items() if body["Type"].endswith(("::Integration", "::Permission", "::EventSourceMapping"))}
called = {name: body.get("IntegrationUri", body.get("FunctionName")) for name, body in integrations.items()}
rule("every call goes to the alias", len(called) < 5 or [name for name, to in called.items() if not to["!Ref"].endswith(".Alias")])

roles = dict(re.findall(r"\n  (\w+Role):\n(.*?)(?=\n  \w)", text, re.S))
rule("each of the four functions has its own role, and the schedules have one", set(roles) ^ OF_FUNCTIONS ^ {"ScheduleRole"})


def granted(role):
    """Every statement of a role's policy, those under a condition of the template, too."""
    return list(statements(template["Resources"][role]["Properties"]["Policies"]))


def may(role, service):
    return {action for each in granted(role) if each["Effect"] == "Allow" for action in several(each["Action"]) if action.startswith(service)}


SECRETS = {name: {action.partition(":")[2] for action in may(name, "secretsmanager:")} for name in roles}
WRITES = {"CreateSecret", "DeleteSecret", "DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"}
READS = {"GetSecretValue"}
rule("only functions without a route read secrets", SECRETS != {
    "ConnectionsRole": WRITES, "SyncIncidentsRole": READS, "TenantCallsRole": READS, "TestConnectionRole": set(), "ScheduleRole": set()
} and SECRETS)  # fmt: skip
routed = {target["!Sub"].partition("{")[2].rstrip("}") for body in template["Resources"].values() if body["Type"].endswith("::Route") for target in [body["Properties"]["Target"]]}
reached = {template["Resources"][name]["Properties"]["IntegrationUri"]["!Ref"] for name in routed}
rule("the functions with a route are the two", reached != {"Connections.Alias", "TestConnection.Alias"} and reached)

# Who may invoke what: IncidentsRole is to be the second of those that may ask tenant-calls.
INVOKES = {
    "ConnectionsRole": [{"!Ref": "TenantCalls.Alias"}],
    "ScheduleRole": [[{"!Ref": "SyncIncidents.Alias"}, {"!Ref": "Connections.Alias"}]],
}
invokes = {name: [each["Resource"] for each in granted(name) if "lambda:InvokeFunction" in several(each["Action"])] for name in roles}
rule("who may invoke what", {name: what for name, what in invokes.items() if what} != INVOKES and invokes)
permitted = {name: body["Properties"]["Principal"] for name, body in template["Resources"].items() if body["Type"] == "AWS::Lambda::Permission"}
rule("only the HTTP API is permitted to invoke by a function's own policy", permitted != {"TestPermission": "apigateway.amazonaws.com", "ConnectionsPermission": "apigateway.amazonaws.com"} and permitted)
for name, body in template["Resources"].items():
    if body["Type"] == "AWS::Serverless::Function" and f"{name}.Alias" in reached:
        variables = body["Properties"]["Environment"]["Variables"]
        rule(f"{name} answers its own HTTP API only", variables.get("SOC_ANYWHERE_API_ID") != {"!Ref": "Api"})
    if body["Type"] == "AWS::Serverless::Function":
        rule(f"{name} has its table, and counts tests", "SOC_ANYWHERE_TABLE" not in body["Properties"]["Environment"]["Variables"] or "SOC_ANYWHERE_UNCOUNTED" in text)

# Which items a role reaches, by the beginning of their keys. No emulator here knows these conditions, so no call can
# show them; docs/first-hour-on-aws.md has the calls that do on AWS.
OF_TABLE = {
    "SyncIncidentsRole": {
        "CONNECTIONS#*": "GetItem Query UpdateItem",
        "GROUP#*": "GetItem",
        "CONNECTION#*": "GetItem PutItem",
        "RECORDS#*": "BatchGetItem DeleteItem PutItem",
    },
    "TestConnectionRole": {"ATTEMPTS#*": "UpdateItem"},
    "TenantCallsRole": {
        "CONNECTIONS#*": "GetItem UpdateItem",
        "CONNECTION#*": "GetItem",
        "OWNER#*": "Query",
        "ATTEMPTS#*": "UpdateItem",
    },
    "ConnectionsRole": {
        "CONNECTIONS#*": "BatchGetItem DeleteItem GetItem PutItem Query UpdateItem",
        "OWNER#*": "DeleteItem GetItem PutItem Query",
        "GROUP#*": "DeleteItem GetItem PutItem Query UpdateItem",
        "CONNECTION#*": "DeleteItem GetItem",
        "RECORDS#*": "BatchWriteItem Query",
        "REMOVED#*": "ConditionCheckItem GetItem PutItem",
        "ATTEMPTS#*": "UpdateItem",
    },
    "ScheduleRole": {},
}
for name in roles:
    reach = {}
    for each in granted(name):
        of_table = {action.partition(":")[2] for action in several(each["Action"]) if action.startswith("dynamodb:")}
        if not of_table:
            continue
        rule(f"{name}: a statement about the table is about nothing else", len(of_table) != len(several(each["Action"])) and each)
        condition = each.get("Condition", {})
        (key,) = condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", [None])
        # ForAllValues is true where there is no key at all; Null is not.
        rest = {"Null": {"dynamodb:LeadingKeys": "false"}, "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [key]}}
        rule(f"{name} reaches {key}, and nothing where no key is named", condition != rest and each)
        reach[key] = " ".join(sorted(of_table))
    rule(f"{name} reaches those items", reach != OF_TABLE[name] and reach)
keys_of_store = set(re.findall(r'format!\("([A-Z]+#)', Path("shared/incident-store/src/dynamodb/keys.rs").read_text())) | {"REMOVED#", "ATTEMPTS#"}
reachable = {key.rstrip("*") for reach in OF_TABLE.values() for key in reach}
rule("the keys are the store's", reachable ^ keys_of_store)
rule("only sync sends and receives", [name for name in roles if name != "SyncIncidentsRole" and may(name, "sqs:")])

secret = re.compile(r"(?i)(secret|password|token)\w*: +[\"']?[A-Za-z0-9+/~._-]{20,}")
rule("no secret in the template", secret.search(text))
levels = re.search(r"\n  LogLevel:\n(?: {4}.*\n)*? {4}AllowedValues: \[(.*)\]", text)[1]
rule("logs are set to what has the metrics and audit lines, and no bodies", levels != "DEBUG, INFO" and levels)
rule("production asks Microsoft and nobody else", re.findall(r"SOC_ANYWHERE_(?:LOGIN|GRAPH)_URL|TEST_HOSTS|Test\w+Url", text))
# Each alarm leads to what to do, with a command to look and one to mend.
runbook = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", Path("docs/runbook.md").read_text(), re.M | re.S))
alarms = {name: body["Properties"] for name, body in template["Resources"].items() if body["Type"] == "AWS::CloudWatch::Alarm"}
rule("the runbook is about the alarms", sorted(alarms) != sorted(runbook) and set(alarms) ^ set(runbook))
for name, alarm in alarms.items():
    rule(f"{name} names its entry", not alarm["AlarmDescription"]["!Sub"].endswith(f" ${{RunbookUrl}}#{name.lower()}"))
    rule(f"{name} tells whoever is paged", [alarm.get("AlarmActions"), alarm.get("OKActions")].count({"!If": ["WithAlarmTopic", [{"!Ref": "AlarmTopicArn"}], {"!Ref": "AWS::NoValue"}]}) != 2)
    entry = runbook.get(name, "")
    rule(f"{name} has a command to look and one to mend", not re.search(r"^# Look\b.*\n[^#\n`]", entry, re.M) or not re.search(r"^# Mend\b.*\n(?:# .*\n)*[^#\n`]", entry, re.M))
# What the runbook looks for in a log is what the functions that write this log say.
TESTS = ["TestConnectionLogs", "ConnectionsLogs", "TenantCallsLogs"]
OF_LOG = {
    "SyncIncidentsLogs": ["sync-incidents"],
    "TestConnectionLogs": ["test-connection"],
    "ConnectionsLogs": ["connections", "test-connection"],
    "TenantCallsLogs": ["tenant-calls", "connections", "test-connection"],
}
pages = "".join(Path("docs", page).read_text() for page in ("runbook.md", "first-hour-on-aws.md"))
looked_for = [(log, text) for text in re.findall(r"\bask '[^'\n]*?message = \"([^\"]*)\"", pages) for log in ["SyncIncidentsLogs"]]
looked_for += [(log, text) for text in re.findall(r"\bask_tests '[^'\n]*?message = \"([^\"]*)\"", pages) for log in TESTS]
looked_for += [(log, text) for log, text in re.findall(r"\blog (\w+) '(?:\{ \$\.message = )?\"([^\"]*)\"", pages) if log in OF_LOG]
of_others = {"Task timed out", "ID"}  # Lambda's own, and what the reader puts in.
lines = {log: [line for crate in crates for path in Path("functions", crate, "src").rglob("*.rs") for line in re.findall(r'"([^"\n]*)"\s*\)?;', path.read_text())] for log, crates in OF_LOG.items()}  # fmt: skip
unsaid = [(log, text) for log, text in looked_for if text not in of_others and not any(text in line for line in lines[log])]
rule("the runbook looks for lines that are written in that log", len(looked_for) < 15 or unsaid)
named = set(re.findall(r"(?:^|`)operator ([a-z-]+)", Path("docs/runbook.md").read_text(), re.M))
known = set(re.findall(r"\b([a-z][a-z-]*)-\d\b", Path("tools/operator.sh").read_text()))
rule("the runbook's commands of the tool are there, and each of the tool's is in it", not known or known ^ named)
# What stops a function, a table or a queue is paged for.
functions = sorted(name for name, body in template["Resources"].items() if body["Type"] == "AWS::Serverless::Function")
for name in functions:
    for metric in ("Errors", "Throttles"):
        of_function = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": [{"Name": "FunctionName", "Value": {"!Ref": name}}]}
        rule(f"{metric} of {name} page", not any(of_function.items() <= alarm.items() for alarm in alarms.values()))
indexes_of = {None, *(index["IndexName"] for index in template["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"])}
for verb in ("Read", "Write"):
    metrics = [each["MetricStat"]["Metric"] for each in alarms[f"Table{verb}sThrottled"]["Metrics"] if "MetricStat" in each]
    watched = {{each["Name"]: each["Value"] for each in metric["Dimensions"]}.get("GlobalSecondaryIndexName") for metric in metrics}
    rule(f"throttled {verb.lower()}s of the table and of each index page", watched != indexes_of and watched)
# Dashboards are the account's: two regions may have stacks of one name.
dashboard = template["Resources"]["Dashboard"]["Properties"]
rule("a dashboard's name has the region", "${AWS::Region}" not in dashboard["DashboardName"]["!Sub"])
body, values = dashboard["DashboardBody"]["Fn::Sub"]
widgets = json.loads(re.sub(r"\$\{([\w:]+)\}", r"\1", body))["widgets"]
shown = [tuple(text for text in metric if isinstance(text, str)) for widget in widgets for metric in widget["properties"]["metrics"]]
wanted = {("AWS/Lambda", metric, "FunctionName", name) for name in functions for metric in ("Errors", "Throttles")}
wanted |= {("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "QueueName"), ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "LettersName")}
rule("the dashboard shows the errors of each function, the queue's age and the dead letters", wanted - set(shown))
rule("no widget lies on another", len({(widget["x"], widget["y"]) for widget in widgets}) != len(widgets))
# What bounds the bill. An index has units of its own.
table_properties = template["Resources"]["Table"]["Properties"]
most = {f"Max{verb}RequestUnits": {"!Ref": "MaximumTableUnits"} for verb in ("Read", "Write")}
bounded = {each.get("IndexName"): each.get("OnDemandThroughput") for each in [table_properties, *table_properties["GlobalSecondaryIndexes"]]}
rule("the table and each index have the most units", [name for name, bound in bounded.items() if bound != most])
# A poisoned message is a dead letter by then, and a metric that CloudWatch makes of log lines may come minutes late.
queue, old = template["Resources"]["Queue"]["Properties"], alarms["QueueOld"]
poisoned = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
rule("the queue's age tells of a queue that is not read, and of no poisoned message", not poisoned < old["Threshold"] < queue["MessageRetentionPeriod"])
late = {name: alarm for name, alarm in alarms.items() if alarm.get("Namespace") == "SocAnywhere" and alarm["TreatMissingData"] == "breaching"}
patience = {name: alarm["Period"] * alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) for name, alarm in late.items()}
rule("what is missing has to be missing for five minutes", sorted(late) != ["CleaningMissing", "TicksMissing"] or [name for name, seconds in patience.items() if seconds < 300])
rule("a stack says that nobody is paged", "NOBODY" not in json.dumps(template["Outputs"]["WhoIsPaged"]))
page = template["Parameters"]["RunbookUrl"]["Default"]
told = [template["Conditions"]["WithoutRunbookUrl"], template["Outputs"]["WhereAlarmsLead"]["Value"]["!If"][0]]
rule("alarms have links, or a stack says that they have none", not page.startswith("https://") and told != [{"!Equals": [{"!Ref": "RunbookUrl"}, page]}, "WithoutRunbookUrl"])
# A new account has 10 concurrent executions, and a tick, a cleaning and the API need theirs.
rule("the syncs leave half of a new account's executions", template["Parameters"]["MaximumConcurrency"]["Default"] > 5)
simulated = int(re.search(r"MAXIMUM_CONCURRENCY: usize = (\d+);", Path("tests/adversary/tests/overload.rs").read_text())[1])
rule("the overload is tried with as many batches", template["Parameters"]["MaximumConcurrency"]["Default"] != simulated and simulated)
rule("records go after a year by default", template["Parameters"]["RetentionDays"]["Default"] != "365")
# `messageString` is quoted where there is an error, and `-` where there is none: it fits into no JSON.
log = template["Resources"]["ApiStage"]["Properties"]["AccessLogSettings"]["Format"]
for value in ("-", "Forbidden"):
    line = re.sub(r"\$context\.[\w.]+", lambda asked: f'"{value}"' if asked[0].endswith("String") and value != "-" else value, log)
    try:
        read = json.loads(line)
    except json.JSONDecodeError as error:
        read = {"": str(error)}
    rule(f"the access log is JSON where fields are {value}", set(read.values()) != {value} and line)
    rule("the access log has the functions' request id", "integrationRequestId" not in read)

routes = re.findall(r"Type: AWS::ApiGatewayV2::Route\n(.*?)(?=\n\n)", text, re.S)
kinds = [re.findall(r"AuthorizationType: (.*)", route) for route in routes]
asked = ["&Authorization !If [WithJwt, JWT, AWS_IAM]"] + ["*Authorization"] * (len(routes) - 1)
rule("every route has its authorization", kinds != [[kind] for kind in asked] and kinds)
# A route for any method, or for none, would take a browser's preflight from the gateway.
keys = [key for route in routes for key in re.findall(r"RouteKey: (.*)", route)]
described, path = [], None
for line in Path("docs/openapi.yaml").read_text().splitlines():
    if found := re.fullmatch(r"  (/\S*):", line):
        path = found[1]
    elif path and (found := re.fullmatch(r"    (get|put|post|delete|options|head|patch|trace):", line)):
        described.append(f"{found[1].upper()} {path}")
rule("the routes are the operations that docs/openapi.yaml describes", sorted(keys) != sorted(described) and (keys, described))
methods = re.search(r"AllowMethods: \[(.*)\]", text)[1].split(", ")
rule("web pages may use the routes' methods", sorted(methods) != sorted({key.split()[0] for key in keys}) and methods)


def pattern(parameter):
    body = re.search(rf"\n  {parameter}:\n((?: {{4}}.*\n)+)", text)[1]
    return re.compile(re.search(r"AllowedPattern: '(.*)'", body)[1])


# What the functions refuse at their start must not be deployed: shared/lambda-support/src/.
least = int(re.search(r"days @ (\d+)\.\.=", Path("shared/lambda-support/src/aws_settings.rs").read_text())[1])
days = [str(day) for day in range(40_000)] + ["", "00", "0200", "-200", "200.5", "2e3", "x"]
kept = [day for day in days if pattern("RetentionDays").fullmatch(day)]
rule("a retention is none, or one that the functions take", kept != ["0"] + [str(day) for day in range(least, 10_000)] and kept)
addresses = pattern("EgressAddresses")
good = ["", "203.0.113.7", "203.0.113.7,198.51.100.255", "203.0.113.7, 2001:db8::1", "::1", "2001:DB8:0:0:8:800:200C:417A"]
bad = ["example.com", "203.0.113.256", "203.0.113", "203.0.113.07", "203.0.113.7/32", "203.0.113.7 198.51.100.1", "2001:db8", "2001:db8::12345", "fe80::g"]
rule("addresses are what the functions take", [a for a in good if not addresses.fullmatch(a)] + [a for a in bad if addresses.fullmatch(a)])

# The store's own names: shared/incident-store/src/dynamodb/table.rs.
table = Path("shared/incident-store/src/dynamodb/table.rs").read_text()
indexes = {}
for body in re.findall(r"= Index \{(.*?)\n\};", table, re.S):
    name, partition, sort = (re.search(rf'{field}: "(\w+)"', body)[1] for field in ("name", "partition", "sort"))
    indexes[name] = (partition, sort, re.findall(r'^ +"(\w+)",', body, re.M))
deployed = {}
for body in text.split("- IndexName: ")[1:]:
    keys = re.findall(r"AttributeName: (\w+), KeyType", body)[:2]
    deployed[body.split()[0]] = (*keys, re.findall(r"\w+", re.search(r"NonKeyAttributes:\s*\[(.*?)\]", body, re.S)[1]))
rule("the table's indexes are the store's", indexes != deployed and (indexes, deployed))
expires = re.search(r'EXPIRES: &str = "(\w+)"', table)[1]
rule("what ages out does so by the store's attribute", f"AttributeName: {expires}, Enabled: true" not in text)

for failure in failures:
    print(failure, file=sys.stderr)
print(f"{len(actions)} actions, {len(roles)} roles, {len(routes)} routes and {len(deployed)} indexes looked at")
sys.exit(1 if failures else 0)
