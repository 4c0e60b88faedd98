"""End-to-end suite on a deployed stack: the API as a caller sees it, callbacks as a receiver gets
them, money as the ledger tells it, and the permissions that each function has.

    suite.py STACK          runs the suite; the last line reads "N passed, M failed"
    suite.py --url STACK    prints the URL of the API

The endpoint, the region and the credentials come from the AWS_* environment.
"""

import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import sys
import urllib.parse
import uuid

import boto3

from access import BOUNDED, EXPECTED, check_access
from parts import Api, Receiver, Tally, eventually

EVENTS = pathlib.Path(__file__).resolve().parents[2] / "events"
REPLY_TIMEOUT_S = 30
CALLBACK_TIMEOUT_S = 60
STARTER_CREDIT = 500_000_000  # micro-credits
TOP_UP = 250_000_000
LOG_LINES = 20
LOG_LINE_MAX_CHARACTERS = 600
SCOPES = ["messages:write", "conversations:read", "account:read", "identity:write", "knowledge:read", "knowledge:write", "webhooks:manage"]
MAILED_TO = "ada@example.com"
MAILED_FROM = "help@example.com"
REFUNDS = (
    "Refund policy. You can return any item within 30 days of delivery for a full refund. "
    "Refunds reach the original payment method within five working days. "
    "Gift cards cannot be returned."
)


def outputs_of(stack):
    described = boto3.client("cloudformation", config=BOUNDED).describe_stacks(StackName=stack)
    found = described["Stacks"][0]
    return found["StackStatus"], {o["OutputKey"]: o["OutputValue"] for o in found["Outputs"]}


def is_error(answer, status, code):
    """Whether an answer is Aiva's error envelope with this status and code."""
    try:
        body = answer.json
    except ValueError:
        return False
    told = (body.get("status"), body.get("statusCode"), body.get("code"))
    return answer.status == status and told == ("error", status, code) and bool(body.get("message"))


class Impossible(Exception):
    """A step failed without which the rest of the main path has no sense."""


def show_logs(stack):
    """Prints what each function logged last, so that a failure can be read where it is reported."""
    logs = boto3.client("logs", config=BOUNDED)
    for name in EXPECTED:
        group = f"/aws/lambda/{stack}-{name}"
        events = logs.filter_log_events(logGroupName=group, limit=1000)["events"]
        print(f"--- last lines of {group}")
        lines = [event["message"].rstrip() for event in events]
        own = [line for line in lines if not line.startswith(("START ", "END ", "REPORT "))]
        for line in own[-LOG_LINES:]:
            print(line[:LOG_LINE_MAX_CHARACTERS])


class Suite:
    """One run: the checks share the workspace and the key that the first ones make."""

    def __init__(self, stack, outputs):
        self.stack = stack
        self.outputs = outputs
        self.tally = Tally()
        self.api = Api(outputs["ApiUrl"])
        self.emulator = Api(os.environ["AWS_ENDPOINT_URL"])
        self.streams = Api(self.reachable(outputs["StreamUrl"]))
        self.receiver = Receiver(refusals=1)
        self.conversation = f"order-{uuid.uuid4().hex[:8]}"
        self.message = {
            "externalConversationId": self.conversation,
            "externalUserId": "user-93",
            "content": "What is your refund policy?",
            "idempotencyKey": str(uuid.uuid4()),
        }

    def reachable(self, stream_url):
        """The function URL at the emulator, which knows it by the beginning of its host name."""
        name = urllib.parse.urlsplit(stream_url).hostname.removesuffix(".on.aws")
        return f"http://{name}.localhost:{self.emulator.port}"

    def check(self, sentence, holds, seen=""):
        return self.tally.check(sentence, holds, seen)

    def required(self, sentence, answer, status):
        """Checks a status without which the rest has no sense."""
        if not self.check(sentence, answer.status == status, answer):
            raise Impossible(sentence)
        return answer.data

    def admin(self, method, path, body=None):
        return self.api.request(method, f"/admin/v1{path}", body, bearer=self.operator)

    def own(self, method, path, body=None):
        return self.admin(method, f"/workspaces/{self.workspace}{path}", body)

    def items(self, path):
        """All rows of an operator list, over its pages (at most 50 of them)."""
        rows, cursor = [], ""
        for _ in range(50):
            page = self.own("GET", f"{path}?limit=50{cursor}")
            if page.status != 200:
                return rows
            rows += page.data["items"]
            if not page.data.get("nextCursor"):
                break
            cursor = f"&cursor={page.data['nextCursor']}"
        return rows

    def operator_signs_in(self):
        secrets = boto3.client("secretsmanager", config=BOUNDED)
        value = secrets.get_secret_value(SecretId=self.outputs["OperatorTokenSecret"])["SecretString"]
        self.operator = json.loads(value)["operatorToken"]
        plain = len(self.operator) == 48 and self.operator.isalnum()
        self.check("the operator token has 48 letters and digits", plain)
        value = secrets.get_secret_value(SecretId=self.outputs["KeyRingSecret"])["SecretString"]
        ring = json.loads(value)
        current = ring.get(ring.get("current"), "")
        plain = len(current) == 64 and current.isalnum()
        self.check("the key ring names its current version, 64 letters and digits", plain)
        wrong = self.api.request("GET", "/admin/v1/workspaces/ws_x/wallet", bearer="wrong")
        self.check("a wrong operator token is 401", is_error(wrong, 401, "UNAUTHORIZED"), wrong)

    def workspace_opens(self):
        wanted = {"name": "Deployed shop", "email": "owner@example.com", "plan": "enterprise"}
        made = self.required("a workspace is made", self.admin("POST", "/workspaces", wanted), 201)
        self.check("it starts pending", made.get("status") == "pending", made)
        self.workspace = made["workspaceId"]
        approval = self.own("POST", "/approve", {"starterCredit": STARTER_CREDIT})
        approved = self.required("it is approved", approval, 200)
        self.check("it is active", approved.get("status") == "active", approved)

        top_up = {"amount": TOP_UP, "idempotencyKey": str(uuid.uuid4())}
        first = self.own("POST", "/wallet/top-ups", top_up)
        again = self.own("POST", "/wallet/top-ups", top_up)
        self.check("a top-up is 201", first.status == 201, first)
        same = again.status == 200 and again.data["entryId"] == first.data["entryId"]
        self.check("the same top-up again is 200 with the same row", same, again)

        source = {"type": "raw", "title": "Refunds", "text": REFUNDS}
        stored = self.own("POST", "/projects/default/sources", source)
        self.check("a raw source is taken", stored.status in (201, 202), stored)

    def key_is_made(self):
        wanted = {"name": "deployed", "scopes": SCOPES, "callbackUrl": self.receiver.url}
        made = self.required("a key with a callback is made", self.own("POST", "/keys", wanted), 201)
        self.key, self.key_id, self.secret = made["key"], made["keyId"], made["callbackSecret"]
        for url in ("http://10.0.0.1/hook", "https://169.254.169.254/hook", "https://[::ffff:10.0.0.1]/hook"):
            refused = self.own("POST", "/keys", {**wanted, "callbackUrl": url})
            self.check(f"a callback to {url} is refused", is_error(refused, 400, "INVALID_REQUEST"), refused)

    def message_is_taken(self):
        answer = self.api.request("POST", "/api/v1/messages", self.message, bearer=self.key)
        self.submitted = self.required("a message is taken", answer, 202)
        self.check("it is queued", self.submitted.get("status") == "queued", answer)
        names = ("x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
        missing = [name for name in names if name not in answer.headers]
        self.check("the answer has its request id and rate-limit headers", not missing, missing)

    def read(self, headers=None):
        path = f"/api/v1/conversations/{self.conversation}"
        return self.api.request("GET", path, bearer=self.key, headers=headers)

    def reply_is_polled(self):
        def reply():
            answer = self.read()
            found = answer.data["messages"] if answer.status == 200 else []
            return next((m for m in found if m["senderType"] == "AI"), None)

        self.reply = eventually(reply, REPLY_TIMEOUT_S)
        if not self.check("the reply can be polled", self.reply, self.read()):
            return
        self.check("the reply answers from the knowledge", "30 days" in self.reply["content"], self.reply)
        answer = self.read()
        seqs = [message["seq"] for message in answer.data["messages"]]
        self.check("seq has no gap", seqs == list(range(seqs[0], seqs[0] + len(seqs))), seqs)
        self.check("nothing is pending", answer.data.get("pendingReply") is False, answer)
        unchanged = self.read({"If-None-Match": answer.headers.get("etag", "")})
        self.check("an unchanged conversation is 304", unchanged.status == 304 and not unchanged.raw, unchanged)

    def callback_arrives(self):
        posts = self.receiver.wait_for("ai.reply", 2, CALLBACK_TIMEOUT_S)
        if not self.check("a refused callback comes again", len(posts) >= 2, len(posts)):
            return
        refused, taken = posts[0], posts[1]
        self.check("the first was refused, the second taken", (refused.answered, taken.answered) == (500, 204))
        same = refused.delivery_id == taken.delivery_id and refused.raw == taken.raw
        self.check("both have one delivery id and the same bytes", same and refused.delivery_id)
        for post in (refused, taken):
            self.check("its signature holds over the raw bytes", post.signed_with(self.secret), post.headers)
            self.check("its Standard Webhooks signature holds", post.standard_signed_with(self.secret), post.headers)
        self.check("a bent secret does not verify", not taken.signed_with(self.secret + "x"))
        body = taken.json
        self.check("webhook-id is the delivery id", taken.headers.get("webhook-id") == taken.delivery_id)
        self.check("it names the caller's conversation", body.get("conversationId") == self.conversation, body)
        self.check("it is the very reply", self.reply and body.get("content") == self.reply["content"], body)
        shape = (body.get("event"), body.get("visibility"), body.get("poweredBy"))
        self.check("it has the promised fields", shape == ("ai.reply", "public", "Assistify"), body)

    def key_is_pinged(self):
        ping = self.own("POST", f"/keys/{self.key_id}/test")
        self.check("a test is taken", ping.status == 202, ping)
        posts = self.receiver.wait_for("test.ping", 1, CALLBACK_TIMEOUT_S)
        sent = ping.status == 202 and posts and posts[0].delivery_id == ping.data["deliveryId"]
        self.check("test.ping arrives signed", sent and posts[0].signed_with(self.secret))

    def retry_is_duplicate(self):
        again = self.api.request("POST", "/api/v1/messages", self.message, bearer=self.key)
        told = again.data if again.status == 202 else {}
        same = all(told.get(name) == self.submitted[name] for name in ("messageId", "conversationId"))
        self.check("the same key again is a duplicate with the same ids", same and told.get("status") == "duplicate", again)
        other = {**self.message, "content": "Something else?"}
        reused = self.api.request("POST", "/api/v1/messages", other, bearer=self.key)
        self.check("the same key for another body is 409", is_error(reused, 409, "IDEMPOTENCY_KEY_REUSED"), reused)

    def errors_have_the_envelope(self):
        def told(sentence, status, code, method, path, body=None, key=self.key, headers=None):
            answer = self.api.request(method, path, body, bearer=key, headers=headers)
            self.check(sentence, is_error(answer, status, code), answer)
            return answer

        conversation = f"/api/v1/conversations/{self.conversation}"
        bent = self.key[:-1] + ("a" if self.key[-1] != "a" else "b")
        told("a wrong secret is 401", 401, "UNAUTHORIZED", "GET", conversation, key=bent)
        told("no key is 401", 401, "UNAUTHORIZED", "POST", "/api/v1/messages", self.message, key=None)
        told("an unknown route is 404", 404, "NOT_FOUND", "GET", "/api/v1/nothing-here")
        told("an unknown conversation is 404", 404, "NOT_FOUND", "GET", "/api/v1/conversations/nobody")
        told("an unknown operator route is 404", 404, "NOT_FOUND", "GET", "/admin/v1/nothing-here", key=self.operator)
        wrong = told("a wrong method is 405", 405, "METHOD_NOT_ALLOWED", "DELETE", "/api/v1/messages")
        self.check("it says what is allowed", "POST" in wrong.headers.get("allow", ""), wrong.headers)
        wrong = told("a wrong method on a read is 405", 405, "METHOD_NOT_ALLOWED", "PUT", conversation, {})
        self.check("that too says what is allowed", "GET" in wrong.headers.get("allow", ""), wrong.headers)
        path = "/api/v1/messages"
        told("malformed JSON is 400", 400, "INVALID_REQUEST", "POST", path, b'{"content":')
        told("a missing field is 400", 400, "INVALID_REQUEST", "POST", path, {"content": "hello"})
        plain = {"Content-Type": "text/plain"}
        told("another content type is 415", 415, "UNSUPPORTED_MEDIA_TYPE", "POST", path, b"hello", headers=plain)
        huge = {**self.message, "ignored": "x" * 300_000}
        told("a body over the limit is 413", 413, "PAYLOAD_TOO_LARGE", "POST", path, huge)

    def other_spellings_work(self):
        for path in ("/api/v1/me", "/v1/me", "/api/v1/me/"):
            me = self.api.request("GET", path, bearer=self.key)
            mine = me.status == 200 and me.data.get("workspaceId") == self.workspace
            self.check(f"{path} tells the key its workspace", mine, me)
        for path in ("/api/v1/openapi.json", "/openapi/aivastark.json", "/openapi/asyntai.json"):
            document = self.api.request("GET", path)
            self.check(f"{path} is served", document.status == 200 and "paths" in document.json, document.status)
        short = {**self.message, "content": "And gift cards?", "idempotencyKey": str(uuid.uuid4())}
        taken = self.api.request("POST", "/v1/messages", short, bearer=self.key)
        self.check("/v1/messages takes a message", taken.status == 202, taken)
        posts = self.receiver.wait_for("ai.reply", 3, CALLBACK_TIMEOUT_S)
        self.check("its reply is called back too", len(posts) >= 3, len(posts))
        listed = self.api.request("GET", "/v1/conversations?limit=10", bearer=self.key)
        found = listed.status == 200 and self.conversation in listed.raw.decode()
        self.check("/v1/conversations lists the conversation", found, listed)

    def identity_is_verified(self):
        user = {"method": "magic_link", "externalUserId": "user-93", "email": MAILED_TO}
        with self.mail_let_go():
            asked = self.api.request("POST", "/api/v1/identity/verify", user, bearer=self.key)
        self.required("a link is mailed", asked, 202)
        link = self.mailed_link()
        if not self.check("the mail brings a link to the deployed API", link, self.outputs["ApiUrl"]):
            return
        page = self.api.request("GET", link)
        shown = page.status == 200 and b"<button" in page.raw
        self.check("the page behind it shows a button", shown, page)
        pressed = self.api.request("POST", link)
        self.check("the button verifies the user", pressed.status == 200, pressed)
        again = self.api.request("POST", link)
        self.check("a second press finds the link used", again.status == 410, again)
        posts = self.receiver.wait_for("identity.verified", 1, CALLBACK_TIMEOUT_S)
        told = posts and posts[0].json.get("externalUserId") == "user-93"
        self.check("identity.verified arrives signed", told and posts[0].signed_with(self.secret))

    @contextlib.contextmanager
    def mail_let_go(self):
        """The emulator names no resource when mail is sent, so that a policy for one identity never
        allows it there: for a while this allows the action alone. Both addresses must be verified too."""
        described = boto3.client("cloudformation", config=BOUNDED).describe_stack_resource(
            StackName=self.stack, LogicalResourceId="IdentityVerifyRole")
        named = {"RoleName": described["StackResourceDetail"]["PhysicalResourceId"], "PolicyName": "emulated-mail"}
        statement = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam, ses = (boto3.client(name, config=BOUNDED) for name in ("iam", "ses"))
        for address in (MAILED_FROM, MAILED_TO):
            ses.verify_email_identity(EmailAddress=address)
        iam.put_role_policy(**named, PolicyDocument=policy)
        try:
            yield
        finally:
            iam.delete_role_policy(**named)

    def mailed_link(self):
        """The path of the link in the newest mail that the emulator keeps."""
        kept = self.emulator.request("GET", "/_ministack/ses/messages").json["messages"]
        mails = [mail for account in kept.values() for mail in account if MAILED_TO in mail["To"]]
        words = mails[-1]["BodyText"].split() if mails else []
        found = [word for word in words if word.startswith(self.outputs["ApiUrl"])]
        return found[0].removeprefix(self.outputs["ApiUrl"].rstrip("/")) if found else None

    def answers_come_with_their_requests(self):
        def ask(name, path, body, text):
            answer = self.api.request("POST", path, body, bearer=self.key)
            told = answer.status == 200 and "30 days" in json.dumps(text(answer.json))
            self.check(f"{name} is answered from knowledge in its request", told, answer)

        question = "What is your refund policy?"
        # With the slash that every path may end in.
        session = self.api.request("POST", "/api/session/", {}, bearer=self.key)
        if self.check("Aksita's session opens", session.status == 200, session):
            body = {"conversation_id": session.json["conversation_id"], "message": question}
            ask("Aksita's chat", "/api/chat", body, lambda answer: answer["data"]["response"])
        body = {"message": question}
        ask("AeroChat's message", "/bot/v1/conversations/messages", body, lambda answer: answer["reply"])
        ask("Asyntai's chat", "/api/v1/chat/", body, lambda answer: answer["response"])
        query = "/v1/projects/default/query"
        ask("Aivastark's query", query, body, lambda answer: answer["answer"])
        streamed = self.api.request("POST", query, {**body, "stream": True}, bearer=self.key)
        events = [line[7:] for line in streamed.raw.decode().splitlines() if line.startswith("event: ")]
        ended = streamed.status == 200 and events.count("done") == 1 and events[-1] == "done" and "delta" in events
        self.check("the same query as events ends in one done", ended, streamed)
        again = {"message": "And what about gift cards?", "stream": True}
        streamed = self.streams.request("POST", query, again, bearer=self.key)
        kind = streamed.headers.get("content-type", "")
        self.check("the function URL answers with events", kind.startswith("text/event-stream"), (streamed.status, kind))
        events = [line[7:] for line in streamed.raw.decode(errors="replace").splitlines() if line.startswith("event: ")]
        ended = streamed.status == 200 and events.count("done") == 1 and events[-1] == "done" and "delta" in events
        self.check("they end in one done too", ended, streamed)
        refused = self.streams.request("POST", query, again, bearer="wrong")
        self.check("a wrong key is refused there as well", refused.status == 401, refused)

    def knowledge_comes_in(self):
        wanted = {"dialect": "aivastark", "url": self.receiver.url, "events": ["knowledge.updated"]}
        hook = self.own("POST", "/webhooks", wanted)
        self.check("a webhook in Aivastark's words is made", hook.status == 201, hook)
        page = "<html><body><main><h1>Lamps</h1><p>The brass lamp has a warranty of nine years.</p></main></body></html>"
        wanted = {"filename": "lamps.html", "size": len(page), "content_type": "text/html"}
        uploads = "/v1/projects/default/sources/uploads"
        link = self.api.request("POST", uploads, wanted, bearer=self.key)
        if not self.check("a link for a file is made", link.status == 201, link):
            return
        upload = link.json
        bucket, path = Api(upload["url"]), "/" + upload["url"].split("/", 3)[3]
        headers = {name.title(): value for name, value in upload["headers"].items()}
        told = bucket.request(upload["method"], path, page.encode(), headers=headers)
        self.check("the bucket takes the file by its link", told.status in (200, 204), told)
        sources = "/v1/projects/default/sources"
        body = {"type": "file", "upload_id": upload["upload_id"], "filename": "lamps.html"}
        made = self.api.request("POST", sources, body, bearer=self.key)
        if not self.check("the file is taken as a source", made.status in (201, 202), made):
            return
        one = f"{sources}/{made.json['id']}"

        def settled():
            answer = self.api.request("GET", one, bearer=self.key)
            return answer.status == 200 and answer.json["status"] in ("ready", "failed") and answer

        answer = eventually(settled, REPLY_TIMEOUT_S)
        ready = answer and answer.json["status"] == "ready"
        self.check("it is read and indexed", ready, answer or self.api.request("GET", one, bearer=self.key))
        posts = self.receiver.wait_for("knowledge.updated", 1, CALLBACK_TIMEOUT_S)
        data = posts[0].json["data"] if posts else {}
        told = (data.get("source_id"), data.get("status")) == (made.json["id"], "ready")
        self.check("the webhook is told that it can be found", told, data)
        asked = {"message": "How long is the warranty of the brass lamp?"}

        def known():
            answer = self.api.request("POST", "/v1/projects/default/query", asked, bearer=self.key)
            return answer.status == 200 and "nine years" in answer.json["answer"] and answer

        told = eventually(known, REPLY_TIMEOUT_S, pause_s=1)
        self.check("the agent answers from the file", told, told)

    def webhook_tells(self):
        wanted = {"dialect": "aerochat", "url": self.receiver.url, "events": ["message.inbound"], "redaction": "strict"}
        made = self.own("POST", "/webhooks", wanted)
        if not self.check("a webhook in AeroChat's words is made", made.status == 201, made):
            return
        body = {"message": "My number is +1 555 123 4567, what is your refund policy?"}
        said = self.api.request("POST", "/bot/v1/conversations/messages", body, bearer=self.key)
        self.check("a message is sent in AeroChat's dialect", said.status == 200, said)
        posts = self.receiver.wait_for("message.inbound", 1, CALLBACK_TIMEOUT_S)
        if not self.check("the webhook is told of it", posts, len(posts)):
            return
        post = posts[0]
        text = post.json["data"]["text"]
        self.check("a strict one without the number", "[redacted]" in text and "4567" not in text, text)
        right = hmac.new(made.data["secret"].encode(), post.raw, hashlib.sha256).hexdigest()
        self.check("signed as AeroChat's document says", post.headers.get("x-aerochat-signature") == right, post.headers)

    def slashes_change_nothing(self):
        for path in ("/api/v1/knowledge", "/api/v1/webhooks", "/v1/projects/default/sources"):
            bare, slash = (self.api.request("GET", spelt, bearer=self.key) for spelt in (path, path + "/"))
            same = bare.status == slash.status == 200 and bare.json == slash.json
            self.check(f"GET {path}/ answers as {path} does", same, slash)

    def money_adds_up(self):
        def at_rest():
            answer = self.own("GET", "/wallet")
            return answer.status == 200 and answer.data["held"] == 0 and answer.data

        wallet = eventually(at_rest, REPLY_TIMEOUT_S)
        if not self.check("no hold stays open", wallet, self.own("GET", "/wallet")):
            return
        ledger = self.items("/wallet/ledger")
        amounts = [row["amount"] for row in ledger]
        self.check("the balance is the sum of the ledger", wallet["balance"] == sum(amounts), (wallet, amounts))
        self.check("all of it is available", wallet["available"] == wallet["balance"], wallet)
        credits = sorted(amount for amount in amounts if amount > 0)
        self.check("it was credited twice", credits == [TOP_UP, STARTER_CREDIT], amounts)
        charged = [row for row in ledger if row.get("messageId") == self.submitted["messageId"]]
        self.check("the message was charged in one row", len(charged) == 1, charged)

    def deliveries_are_logged(self):
        rows = self.items("/logs/deliveries")
        replies = [row for row in rows if row["event"] == "ai.reply"]
        settled = [row for row in replies if row["status"] == "delivered"]
        self.check("the log shows the replies delivered", len(settled) >= 2, replies)
        requests = self.items("/logs/requests")
        self.check("the log shows the requests", len(requests) > 0)
        text = json.dumps(rows + requests)
        self.check("no log row holds a secret", self.secret not in text and self.key not in text)

    def sweep_runs(self):
        event = (EVENTS / "sweep" / "schedule.json").read_bytes()
        swept = boto3.client("lambda", config=BOUNDED).invoke(FunctionName=f"{self.stack}-sweep", Payload=event)
        self.check("the sweep runs", "FunctionError" not in swept, swept["Payload"].read()[:400])

    def nothing_was_given_up(self):
        sqs = boto3.client("sqs", config=BOUNDED)
        for name in ("GenerationDeadLettersUrl", "DeliveryDeadLettersUrl", "IngestionDeadLettersUrl"):
            wanted = ["ApproximateNumberOfMessages"]
            told = sqs.get_queue_attributes(QueueUrl=self.outputs[name], AttributeNames=wanted)
            self.check(f"{name} is empty", told["Attributes"][wanted[0]] == "0", told["Attributes"])

    def alarms_are_set(self):
        cloudwatch = boto3.client("cloudwatch", config=BOUNDED)
        alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{self.stack}-", MaxRecords=100)["MetricAlarms"]
        template = pathlib.Path(__file__).resolve().parents[1] / "alarms.yaml"
        wanted = template.read_text().count("Type: AWS::CloudWatch::Alarm")
        self.check("the alarms are set", len(alarms) == wanted > 0, f"{len(alarms)} of {wanted}")
        watched = {(alarm["MetricName"], *(d["Value"] for d in alarm["Dimensions"])) for alarm in alarms}
        functions = [f"{self.stack}-{name}" for name in [*EXPECTED, "chat-stream"]]
        due = [(metric, name) for name in functions for metric in ("Errors", "Throttles")]
        for queue in ("generation.fifo", "deliveries", "ingestion.fifo"):
            plain, dot, fifo = queue.partition(".")
            due.append(("ApproximateAgeOfOldestMessage", f"{self.stack}-{queue}"))
            due.append(("ApproximateNumberOfMessagesVisible", f"{self.stack}-{plain}-dlq{dot}{fifo}"))
        due += [("Invocations", f"{self.stack}-sweep"), ("Url5xxCount", f"{self.stack}-chat-stream")]
        due += [("5xx", self.outputs["ApiUrl"].split("//")[1].split(".")[0])]
        missing = [pair for pair in due if pair not in watched]
        self.check("every function, queue and front is watched by an alarm", not missing, missing)

    def attempt(self, step):
        """Whether to go on; a step that breaks must not hide what the others show."""
        try:
            step()
        except Impossible:
            return False
        except Exception as error:
            self.check(f"{step.__name__} runs to its end", False, f"{type(error).__name__}: {error}")
        return True

    def permissions_are_least(self):
        check_access(self.tally, self.stack, self.outputs)

    def run(self):
        main_path = [
            self.operator_signs_in,
            self.workspace_opens,
            self.key_is_made,
            self.message_is_taken,
            self.reply_is_polled,
            self.callback_arrives,
            self.key_is_pinged,
            self.retry_is_duplicate,
            self.errors_have_the_envelope,
            self.other_spellings_work,
            self.identity_is_verified,
            self.answers_come_with_their_requests,
            self.knowledge_comes_in,
            self.slashes_change_nothing,
            self.webhook_tells,
            self.money_adds_up,
            self.deliveries_are_logged,
        ]
        for step in main_path:
            if not self.attempt(step):
                break
        for step in (self.sweep_runs, self.nothing_was_given_up, self.alarms_are_set, self.permissions_are_least):
            self.attempt(step)
        self.receiver.close()
        if self.tally.failed:
            show_logs(self.stack)
        return self.tally.close()


def main(arguments):
    stack = arguments[-1]
    status, outputs = outputs_of(stack)
    if "--url" in arguments:
        print(f"{status} {outputs['ApiUrl']}")
        return 0
    return Suite(stack, outputs).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
