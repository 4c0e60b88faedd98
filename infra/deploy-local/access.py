"""Least privilege, checked from inside: each function's role is tried on what it must not do."""

import io
import json
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

BOUNDED = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 1})
DENIALS = {"AccessDenied", "AccessDeniedException", "AccessDeniedFault"}
PROBE_SOURCE = """import os
def handler(event, context):
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return {name: os.environ.get(name, "") for name in names}
"""

# What each role may do (beside MAY_ALL) and what it must not do (beside DENIED_TO_ALL), by the names of
# `actions` below. What the table's policies list is read in infra/local/tests/it/template.rs.
EXPECTED = {
    "message-submit": (
        ["put a row", "get rows"],
        ["query the table", "delete a row", "check a row", "query what is owed", "take a delivery", "read the key ring"],
    ),
    "conversation-read": (
        ["query the table", "put a row", "get rows", "read the key ring"],
        ["delete a row", "check a row", "query what is owed", "send a generation", "send a delivery", "read the operator token"],
    ),
    "reply-generate": (
        ["query the table", "put a row", "get rows", "check a row", "read the key ring"],
        ["delete a row", "query what is owed", "send a generation", "take a delivery", "read the operator token"],
    ),
    "chat": (
        ["query the table", "put a row", "get rows", "check a row", "delete a row", "read the key ring", "send a generation", "send a delivery"],
        ["query what is owed", "take a delivery", "read the operator token"],
    ),
    "knowledge-ingest": (
        ["query the table", "put a row", "send a delivery"],
        ["delete a row", "check a row", "get rows", "query what is owed", "send a generation", "take a delivery", "read the key ring", "read the operator token"],
    ),
    "knowledge-manage": (
        ["query the table", "put a row", "delete a row", "read the key ring"],
        ["check a row", "get rows", "query what is owed", "send a generation", "send a delivery", "take a delivery", "read the operator token"],
    ),
    "callback-deliver": (
        ["read the key ring"],
        ["query the table", "delete a row", "put a row", "check a row", "get rows", "send a generation", "take a generation", "read the operator token"],
    ),
    "sweep": (
        ["query the table", "put a row", "get rows", "query what is owed"],
        ["delete a row", "check a row", "take a generation", "take a delivery", "read the key ring", "read the operator token"],
    ),
    "admin": (
        ["query the table", "put a row", "delete a row", "get rows", "read the key ring", "read the operator token"],
        ["check a row", "query what is owed", "take a generation", "take a delivery"],
    ),
    "identity-verify": (
        ["put a row", "delete a row"],
        ["query the table", "check a row", "get rows", "send a generation", "take a delivery", "read the key ring"],
    ),
}
MAY_ALL = ["get a row", "update a row"]
DENIED_TO_ALL = ["scan the table", "write rows", "change the table", "change the key ring", "make a role"]


def actions(outputs, keys):
    """The attempts, with the credentials in `keys`; all harmless where they are allowed."""
    session = boto3.Session(
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=keys["AWS_SESSION_TOKEN"] or None,
    )
    dynamodb, sqs, secrets, iam = (
        session.client(name, config=BOUNDED) for name in ("dynamodb", "sqs", "secretsmanager", "iam")
    )
    table = outputs["TableName"]
    row = {"pk": {"S": "probe"}, "sk": {"S": "probe"}}

    def query(condition, names, value, **more):
        return dynamodb.query(
            TableName=table,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":v": {"S": value}},
            Limit=1,
            **more,
        )

    checked = {"TableName": table, "Key": row}

    def transact(item):
        return dynamodb.transact_write_items(TransactItems=[item])

    def take(queue):
        return sqs.receive_message(QueueUrl=outputs[queue], VisibilityTimeout=0, WaitTimeSeconds=0)

    return {
        "get a row": lambda: dynamodb.get_item(TableName=table, Key=row),
        "query the table": lambda: query("#k = :v", {"#k": "pk"}, "probe"),
        "query what is owed": lambda: query("#k = :v", {"#k": "owed"}, "probe", IndexName="owed"),
        "delete a row": lambda: dynamodb.delete_item(TableName=table, Key=row),
        "get rows": lambda: dynamodb.batch_get_item(RequestItems={table: {"Keys": [row]}}),
        "put a row": lambda: dynamodb.put_item(TableName=table, Item=row),
        "update a row": lambda: dynamodb.update_item(TableName=table, Key=row),
        # In a transaction each part is allowed by an action of its own.
        "check a row": lambda: transact({"ConditionCheck": {**checked, "ConditionExpression": "attribute_not_exists(probed)"}}),
        "write rows": lambda: dynamodb.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": row}}]}),
        "scan the table": lambda: dynamodb.scan(TableName=table, Limit=1),
        "change the table": lambda: dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False),
        "send a generation": lambda: sqs.send_message(
            QueueUrl=outputs["GenerationQueueUrl"],
            MessageBody="{}",
            MessageGroupId="probe",
            MessageDeduplicationId="probe",
        ),
        "send a delivery": lambda: sqs.send_message(QueueUrl=outputs["DeliveryQueueUrl"], MessageBody="{}"),
        "take a generation": lambda: take("GenerationQueueUrl"),
        "take a delivery": lambda: take("DeliveryQueueUrl"),
        "read the key ring": lambda: secrets.get_secret_value(SecretId=outputs["KeyRingSecret"]),
        "read the operator token": lambda: secrets.get_secret_value(SecretId=outputs["OperatorTokenSecret"]),
        "change the key ring": lambda: secrets.put_secret_value(
            SecretId=outputs["KeyRingSecret"], SecretString="{}", VersionStages=["probe"]
        ),
        "make a role": lambda: iam.create_role(RoleName="probe", AssumeRolePolicyDocument="{}"),
    }


def outcome(attempt):
    """`done`, `denied`, or the code of any other error."""
    try:
        attempt()
    except ClientError as error:
        code = error.response["Error"]["Code"].split(".")[-1]
        return "denied" if code in DENIALS else code
    return "done"


def role_keys(lambda_client, function_name, role):
    """The credentials that a function with this role is given, by means of a short-lived probe."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("probe.py", PROBE_SOURCE)
    name = f"{function_name}-probe"
    lambda_client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="probe.handler",
        Role=role,
        Timeout=10,
        Code={"ZipFile": package.getvalue()},
    )
    try:
        lambda_client.get_waiter("function_active_v2").wait(FunctionName=name)
        return json.loads(lambda_client.invoke(FunctionName=name)["Payload"].read())
    finally:
        lambda_client.delete_function(FunctionName=name)


def listed(value):
    return value if isinstance(value, list) else [value]


def named_part(resource):
    """A resource without what cannot be named before it is there: the streams of a log group, and the
    objects below one prefix of a bucket."""
    if ":log-group:" in resource:
        return resource.removesuffix(":*")
    if resource.startswith("arn:aws:s3:::") and resource.count("/") == 2:
        return resource.removesuffix("/*")
    return resource


def check_policies(tally, iam, role_name):
    """The role's own statements name every action and every resource; nothing managed is attached."""
    attached = iam.list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]
    wide = [policy["PolicyName"] for policy in attached]
    for policy in iam.list_role_policies(RoleName=role_name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role_name, PolicyName=policy)["PolicyDocument"]
        for statement in document["Statement"]:
            wide += [action for action in listed(statement["Action"]) if "*" in action]
            wide += [resource for resource in listed(statement["Resource"]) if "*" in named_part(resource)]
    tally.check(f"{role_name} has no wildcard and no managed policy", not wide, wide)


def check_access(tally, stack, outputs):
    """Tries every role on what it may and on what it must not do."""
    lambda_client = boto3.client("lambda", config=BOUNDED)
    iam = boto3.client("iam", config=BOUNDED)
    for name, (allowed, forbidden) in EXPECTED.items():
        role = lambda_client.get_function(FunctionName=f"{stack}-{name}")["Configuration"]["Role"]
        check_policies(tally, iam, role.rsplit("/", 1)[-1])
        attempts = actions(outputs, role_keys(lambda_client, f"{stack}-{name}", role))
        for action in MAY_ALL + allowed:
            seen = outcome(attempts[action])
            tally.check(f"{name} may {action}", seen == "done", seen)
        for action in forbidden + DENIED_TO_ALL:
            seen = outcome(attempts[action])
            tally.check(f"{name} must not {action}", seen == "denied", seen)
