#!/usr/bin/env python3
"""What the suite's deployment leaves off: the template with its switches the other way, deployed over it.

    switches.py STACK       run where template.yaml stands; the last line reads "N passed, M failed"

Each deployment must come to its end, and make the statements, resources and settings that its switches are
for. What could not work must be refused. The endpoint, the region and the credentials come from the AWS_*
environment.
"""

import os
import subprocess
import sys

import boto3

from access import BOUNDED, listed
from parts import Tally

DEPLOY_TIMEOUT_S = 120
REGION = os.environ.get("AWS_REGION", "eu-central-1")
ACCOUNT = "000000000000"
PROFILE = f"arn:aws:bedrock:{REGION}:{ACCOUNT}:application-inference-profile/a1b2c3"


def secret(name):
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"


# SAM keeps what an earlier deployment was given, so each says all that it changes.
BEDROCK = {
    "Model": "bedrock",
    "BedrockModel": PROFILE,
    "Embeddings": "bedrock",
    "GithubSecretArn": secret("github"),
    "DriveSecretArn": secret("drive"),
    "Payments": "stripe",
    "StripeSecretArn": secret("stripe"),
    "SingleDomain": "true",
    "DomainName": "api.example.com",
    "CertificateArn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/a1",
    "PublicUrl": "https://api.example.com",
    "AlarmTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
    "RestoredTable": "aiva-restored",
    "AnswerMemoryMb": "512",
    "AnswerIndexMebibytes": "128",
    "StreamConcurrency": "5",
}
OPENAI = {
    "Model": "openai",
    "OpenAiSecretArn": secret("openai"),
    "Embeddings": "openai",
    "EmbeddingSecretArn": secret("embedder"),
    "LocalDeployment": "false",
    "SingleDomain": "false",
    "DomainName": "",
    "Streaming": "false",
    "RestoredTable": "",
}
REFUSED = [
    {"Payments": "stripe", "StripeSecretArn": ""},
    {"MailFrom": ""},
    {"SingleDomain": "true", "Streaming": "false"},
    {"AnswerMemoryMb": "256", "AnswerIndexMebibytes": "512"},
    {"CallbackPorts": "70000"},
]


def deploy(stack, parameters):
    """Whether SAM could deploy the stack with these, and what it said."""
    pairs = [f'{name}="{value}"' for name, value in parameters.items()]
    command = ["sam", "deploy", "--template-file", "template.yaml", "--stack-name", stack, "--resolve-s3"]
    command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    command += ["--no-confirm-changeset", "--no-progressbar", "--parameter-overrides", *pairs]
    told = subprocess.run(command, capture_output=True, text=True, timeout=DEPLOY_TIMEOUT_S)
    return told.returncode == 0, (told.stdout + told.stderr)[-1500:]


class Deployed:
    """What a stack consists of after a deployment."""

    def __init__(self, stack):
        self.stack = stack
        self.cloudformation = boto3.client("cloudformation", config=BOUNDED)
        self.iam = boto3.client("iam", config=BOUNDED)
        self.functions = boto3.client("lambda", config=BOUNDED)

    def has(self, logical):
        resources = self.cloudformation.describe_stack_resources(StackName=self.stack)["StackResources"]
        return any(resource["LogicalResourceId"] == logical for resource in resources)

    def statement(self, role, sid):
        """The resources of one statement of a role, or none."""
        described = self.cloudformation.describe_stack_resource(StackName=self.stack, LogicalResourceId=role)
        name = described["StackResourceDetail"]["PhysicalResourceId"]
        for policy in self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = self.iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                if statement.get("Sid") == sid:
                    return listed(statement["Resource"])
        return []

    def settings(self, function):
        found = self.functions.get_function(FunctionName=f"{self.stack}-{function}")["Configuration"]
        return found["MemorySize"], found["Environment"]["Variables"]


def with_bedrock(tally, deployed):
    for role in ("ChatRole", "ReplyGenerateRole"):
        asked = deployed.statement(role, "AskBedrock")
        tally.check(f"{role} may ask the named profile", PROFILE in asked, asked)
        tally.check(f"{role} may embed", deployed.statement(role, "Embed"))
    for sid, name in (("ReadGithubToken", "github"), ("ReadDriveKey", "drive")):
        read = deployed.statement("KnowledgeIngestRole", sid)
        tally.check(f"KnowledgeIngestRole has {sid}", read == [secret(name)], read)
    for role in ("SweepRole", "AdminRole"):
        read = deployed.statement(role, "ReadPaymentSecret")
        tally.check(f"{role} reads the secret of Stripe", read == [secret("stripe")], read)
    tally.check("CloudFront joins the domains", deployed.has("Edge"))
    owed = deployed.statement("SweepRole", "FindWhatIsOwed")
    tally.check("the index is that of the restored table", owed[:1] and owed[0].endswith("aiva-restored/index/owed"), owed)
    for role in ("MessageSubmitRole", "ChatRole", "KnowledgeIngestRole", "AdminRole"):
        store = deployed.statement(role, "Store")
        tally.check(f"{role} uses the restored table", store[:1] and store[0].endswith(":table/aiva-restored"), store)
    for function in ("chat", "chat-stream", "reply-generate"):
        _, variables = deployed.settings(function)
        told = (variables.get("AIVA_TABLE"), variables.get("AIVA_INDEX_MEBIBYTES"))
        tally.check(f"{function} is told of table and memory", told == ("aiva-restored", "128"), told)


def with_an_endpoint(tally, deployed):
    for role, sid, name in (
        ("ChatRole", "ReadModelKey", "openai"),
        ("ReplyGenerateRole", "ReadModelKey", "openai"),
        ("ReplyGenerateRole", "ReadEmbeddingKey", "embedder"),
        ("KnowledgeIngestRole", "ReadEmbeddingKey", "embedder"),
    ):
        read = deployed.statement(role, sid)
        tally.check(f"{role} has {sid}", read == [secret(name)], read)
    tally.check("no role may ask Bedrock", not deployed.statement("ChatRole", "AskBedrock"))
    tally.check("the bucket takes TLS only", deployed.has("BucketPolicy"))
    gone = not any(deployed.has(name) for name in ("Edge", "ChatStreamFunction", "ChatStreamUrl"))
    tally.check("nothing streams any more", gone)
    store = deployed.statement("ChatRole", "Store")
    tally.check("the stack's own table is used again", store[:1] and not store[0].endswith("aiva-restored"), store)
    memory, _ = deployed.settings("chat")
    tally.check("chat has the memory that was asked for", int(memory) == 512, memory)


def main(stack):
    tally, deployed = Tally(), Deployed(stack)
    for name, parameters, look in (("Bedrock", BEDROCK, with_bedrock), ("an endpoint", OPENAI, with_an_endpoint)):
        done, told = deploy(stack, parameters)
        if tally.check(f"the template is deployed with {name}", done, told):
            look(tally, deployed)
    for parameters in REFUSED:
        done, told = deploy(stack, parameters)
        refused = not done and ("rule" in told.lower() or "pattern" in told.lower())
        tally.check(f"{parameters} is refused", refused, told[-300:])
    return tally.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
