# A callback endpoint: CALLBACK_SECRET=whsec_… PORT=9000 python3 receiver.py
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


# raw_body: the bytes as they came in, before any JSON parser.
def verify(headers, raw_body: bytes, secret: str, now: float | None = None) -> bool:
    timestamp = headers.get("X-Assistify-Timestamp", "")
    now = time.time() if now is None else now
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > 300:
        return False
    signed = timestamp.encode() + b"." + raw_body
    expected = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    given = headers.get("X-Assistify-Signature", "")
    return hmac.compare_digest(given.encode(), expected.encode())


seen = set()  # in production: a table with a unique key on the delivery id


def handle(event: dict) -> None:
    if event["event"] in ("ai.reply", "agent.reply"):  # one code path: the second also has agentName
        detail = event["content"]
    else:
        detail = event.get("reason", "")
    print(event["event"], event["conversationId"], json.dumps(detail), flush=True)


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        raw_body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not verify(self.headers, raw_body, os.environ["CALLBACK_SECRET"]):
            return self.answer(401)
        event = json.loads(raw_body)
        if event["deliveryId"] not in seen:
            seen.add(event["deliveryId"])
            handle(event)
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", int(os.environ.get("PORT", 9000))), Endpoint)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
