"""What each function's role may do, and a list of what it may not, as AWS says it when the call is made."""

import json

from botocore.exceptions import ClientError

# How AWS refuses: each service in its own word.
REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "AccessDeniedFault"}


def keys_of(desk, logical_id):
    """Credentials of a function's role. Only its trust is widened for it, and its permissions stay as deployed."""
    iam, name = desk.aws.client("iam"), desk.stack.resources[logical_id]
    role = iam.get_role(RoleName=name)["Role"]
    trust = role["AssumeRolePolicyDocument"]
    trust = json.loads(trust) if isinstance(trust, str) else trust
    account = role["Arn"].split(":")[4]
    trust["Statement"].append({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    return desk.aws.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]


def check_roles(desk, connection):
    secrets = f"soc-anywhere/{desk.stack.name}"
    secret = f"{secrets}/conn/{connection}"
    elsewhere = ["somebody-else-s", "soc-anywhere/elsewhere/conn/one", f"{secrets}/other"]
    for name in elsewhere:
        desk.secrets.create_secret(Name=name, SecretString="other")
    table, queue = desk.table, desk.stack.outputs["QueueUrl"]
    letters = desk.stack.outputs["DeadLettersUrl"]
    key = desk.key_of(connection)
    resources = desk.stack.resources
    role_arn = desk.aws.client("iam").get_role(RoleName=resources["ConnectionsRole"])["Role"]["Arn"]

    read_secret = ("secretsmanager", "get_secret_value", {"SecretId": secret})
    write_secret = [
        ("secretsmanager", "put_secret_value", {"SecretId": secret, "SecretString": "x"}),
        ("secretsmanager", "create_secret", {"Name": f"{secrets}/conn/new", "SecretString": "x"}),
        ("secretsmanager", "update_secret", {"SecretId": secret, "SecretString": "x"}),
        ("secretsmanager", "update_secret_version_stage", {"SecretId": secret, "VersionStage": "AWSCURRENT"}),
        ("secretsmanager", "delete_secret", {"SecretId": secret}),
        ("secretsmanager", "restore_secret", {"SecretId": secret}),
    ]
    read_item = ("dynamodb", "get_item", {"TableName": table, "Key": key})
    write_items = [
        ("dynamodb", "put_item", {"TableName": table, "Item": {"pk": {"S": "x"}, "sk": {"S": "x"}}}),
        ("dynamodb", "delete_item", {"TableName": table, "Key": key}),
    ]
    use_queue = [
        ("sqs", "send_message", {"QueueUrl": queue, "MessageBody": "{}"}),
        ("sqs", "receive_message", {"QueueUrl": queue}),
    ]
    # What no function may: with a secret that is no connection's of this stack, nothing at all.
    nobody = [
        ("secretsmanager", operation, {"SecretId": name, **more})
        for name in elsewhere
        for operation, more in [
            ("get_secret_value", {}),
            ("put_secret_value", {"SecretString": "x"}),
            ("update_secret_version_stage", {"VersionStage": "AWSCURRENT"}),
            ("delete_secret", {}),
        ]
    ] + [
        ("secretsmanager", "create_secret", {"Name": "a-new-one", "SecretString": "x"}),
        ("secretsmanager", "create_secret", {"Name": "soc-anywhere/elsewhere/conn/new", "SecretString": "x"}),
        ("secretsmanager", "list_secrets", {}),
        ("secretsmanager", "put_resource_policy", {"SecretId": secret, "ResourcePolicy": "{}"}),
        ("dynamodb", "scan", {"TableName": table}),
        ("dynamodb", "update_table", {"TableName": table, "DeletionProtectionEnabled": False}),
        ("dynamodb", "delete_table", {"TableName": table}),
        ("dynamodb", "list_tables", {}),
        ("sqs", "receive_message", {"QueueUrl": letters}),
        ("sqs", "send_message", {"QueueUrl": letters, "MessageBody": "{}"}),
        ("sqs", "purge_queue", {"QueueUrl": queue}),
        ("sqs", "delete_queue", {"QueueUrl": queue}),
        ("lambda", "invoke", {"FunctionName": resources["Connections"], "Payload": b"{}"}),
        ("lambda", "invoke", {"FunctionName": resources["SyncIncidents"], "Payload": b"{}"}),
        # Past the alias nobody asks it.
        ("lambda", "invoke", {"FunctionName": resources["TenantCalls"], "Payload": b"{}"}),
        ("lambda", "get_function", {"FunctionName": resources["SyncIncidents"]}),
        ("lambda", "update_function_configuration", {"FunctionName": resources["SyncIncidents"], "Timeout": 3}),
        ("iam", "list_roles", {}),
        ("iam", "put_role_policy", {"RoleName": resources["ConnectionsRole"], "PolicyName": "x", "PolicyDocument": "{}"}),
        ("sts", "assume_role", {"RoleArn": role_arn, "RoleSessionName": "one"}),
        ("s3", "list_buckets", {}),
        ("s3", "get_object", {"Bucket": "code", "Key": "connections.zip"}),
        ("kms", "list_keys", {}),
        ("logs", "delete_log_group", {"logGroupName": resources["ConnectionsLogs"]}),
        ("logs", "filter_log_events", {"logGroupName": resources["ConnectionsLogs"]}),
        ("cloudformation", "delete_stack", {"StackName": desk.stack.name}),
    ]
    describe_secret = ("secretsmanager", "describe_secret", {"SecretId": secret})
    # UpdateItem it may, on the counters only; but the emulator knows no dynamodb:LeadingKeys and would let it have any
    # item. tests/template.py holds the template to that condition.
    other_items = [
        ("dynamodb", "query", {"TableName": table, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "x"}}}),
        ("dynamodb", "batch_get_item", {"RequestItems": {table: {"Keys": [key]}}}),
        ("dynamodb", "batch_write_item", batch(table)),
        ("dynamodb", "transact_write_items", {"TransactItems": [{"Delete": {"TableName": table, "Key": key}}]}),
    ]
    # It names a connection that there is not, so it is answered, and nothing is tested.
    call = {"test": "0190f5fe-7c00-7a00-8000-000000000001", "owner": "iam:nobody", "person": None}
    function = desk.aws.client("lambda").get_function_configuration(FunctionName=resources["TenantCalls"])["FunctionArn"]
    ask_tenant_calls = ("lambda", "invoke", {"FunctionName": f"{function}:live", "Payload": json.dumps(call).encode()})
    rules = {
        "SyncIncidentsRole": (
            [read_secret, read_item],
            write_secret + [describe_secret, ("dynamodb", "batch_write_item", batch(table))],
        ),
        "TestConnectionRole": (
            [],
            write_secret + write_items + other_items + use_queue + [read_secret, describe_secret, read_item],
        ),
        "TenantCallsRole": (
            [read_secret, read_item],
            write_secret
            + write_items
            + [call for call in other_items if call[1] != "query"]  # It may query an owner's groups.
            + use_queue
            + [describe_secret],
        ),
        # It writes secrets, and can read none, by whichever call.
        "ConnectionsRole": (
            [read_item, describe_secret, ask_tenant_calls],
            use_queue
            + [call for call in write_secret if call[1] in ("update_secret", "restore_secret")]
            + [read_secret, ("secretsmanager", "batch_get_secret_value", {"SecretIdList": [secret]})],
        ),
    }
    for role, (allowed, refused) in rules.items():
        keys = keys_of(desk, role)
        # Who they are is known to all: so it is not for bad credentials that the rest is refused.
        identity = desk.aws.client("sts", keys).get_caller_identity()["Arn"]
        assert resources[role] in identity, identity
        for service, operation, arguments in allowed:
            getattr(desk.aws.client(service, keys), operation)(**arguments)
        of_others = [] if ask_tenant_calls in allowed else [ask_tenant_calls]
        for service, operation, arguments in refused + nobody + of_others:
            try:
                getattr(desk.aws.client(service, keys), operation)(**arguments)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                assert code in REFUSALS, f"{role}: {service}.{operation} failed with {code}, and was not refused"
            else:
                raise AssertionError(f"{role} may {service}.{operation}")
        yield f"{role}: {len(allowed)} calls go through, {len(refused + nobody + of_others)} are refused"


def batch(table):
    return {"RequestItems": {table: [{"DeleteRequest": {"Key": {"pk": {"S": "x"}, "sk": {"S": "x"}}}}]}}
