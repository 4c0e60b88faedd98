"""Walks through the Aivastark document in its order, and prints what it found as JSON."""
import hashlib
import hmac
import json
import queue
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

BASE = "https://api.aivastark.com/v1"
KEY = "akv_live_••••••••••••"
PROJECT = f"{BASE}/projects/YOUR_PROJECT_ID"
SECRET = "a-secret-of-the-callers-own"
FOUND = {}


def open_url(method, path, body=None, headers=None):
    """Sends a request; every answer must tell the rate limit and its request id."""
    request = urllib.request.Request(f"{PROJECT}{path}", data=body, method=method)
    request.add_header("Authorization", f"Bearer {KEY}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"):
        int(answer.headers[name])
    return answer


def call(method, path, body=None, status=200):
    raw = None if body is None else json.dumps(body).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    answer = open_url(method, path, raw, headers)
    text = answer.read()
    assert answer.status == status, (method, path, answer.status, text)
    return json.loads(text) if text else None


def eventually(look):
    for _ in range(400):
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it never happened")


def is_ready(source):
    row = call("GET", f"/sources/{source}")
    assert row["status"] != "failed", row
    return row if row["status"] == "ready" else None


# Ingest knowledge sources
page = {
    "type": "url",
    "url": "https://docs.example.com/getting-started",
    "title": "Getting started",
    "tags": ["docs", "onboarding"],
}
made = call("POST", "/sources", page, 202)
assert (made["title"], made["tags"]) == (page["title"], page["tags"]), made
FOUND["page"] = eventually(lambda: is_ready(made["id"]))
raw = {"type": "raw", "title": "Passwords", "text": "You reset your password on the account page."}
FOUND["raw"] = eventually(lambda id=call("POST", "/sources", raw, 202)["id"]: is_ready(id))
form = (
    '--part\r\nContent-Disposition: form-data; name="type"\r\n\r\nfile\r\n'
    '--part\r\nContent-Disposition: form-data; name="file"; filename="lamps.md"\r\n\r\n'
    "# Lamps\n\nThe brass lamp has a warranty of nine years.\n\r\n--part--\r\n"
)
declared = {"Content-Type": "multipart/form-data; boundary=part"}
answer = open_url("POST", "/sources", form.encode(), declared)
assert answer.status == 202, answer.read()
FOUND["file"] = eventually(lambda id=json.load(answer)["id"]: is_ready(id))

# Query the chatbot
asked = {"message": "How do I reset my password?", "session_id": "sess_abc123"}
FOUND["answer"] = call("POST", "/query", asked)
body = json.dumps({**asked, "stream": True}).encode()
stream = open_url("POST", "/query", body, {"Content-Type": "application/json"})
assert stream.headers["Content-Type"].startswith("text/event-stream"), stream.headers
events = []
for block in stream.read().decode().split("\n\n"):
    fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and line[0] != ":")
    if "event" in fields:
        events.append((fields["event"], json.loads(fields["data"])))
FOUND["events"] = sorted({name for name, _ in events})
assert events[-1][0] == "done", events
FOUND["streamed"] = "".join(data["delta"] for name, data in events if name == "delta")
assert FOUND["streamed"] == events[-1][1]["answer"], events

# Retrieve conversations
call("POST", "/query", {"message": "Are you there?", "session_id": "sess_other"})
first = call("GET", "/conversations?limit=1")
assert first["has_more"] and first["next_cursor"], first
rest = call("GET", f"/conversations?limit=50&cursor={first['next_cursor']}")
FOUND["sessions"] = [row["session_id"] for row in first["data"] + rest["data"]]
one = call("GET", f"/conversations/{FOUND['answer']['conversation_id']}")
FOUND["roles"] = [message["role"] for message in one["messages"]]

# Manage widgets
widget = call("POST", "/widgets", {"name": "Docs", "allowed_origins": ["https://shop.example.com"]}, 201)
changed = call("PATCH", f"/widgets/{widget['id']}", {"greeting": "Hello!"})
assert (changed["name"], changed["greeting"]) == ("Docs", "Hello!"), changed
assert changed["embed_key"] == widget["embed_key"], changed
call("DELETE", f"/widgets/{widget['id']}", status=204)
call("DELETE", f"/widgets/{widget['id']}", status=404)

# Webhooks
posts = queue.Queue()


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        posts.put((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=server.serve_forever, daemon=True).start()
hook = {
    "url": f"http://127.0.0.1:{server.server_port}/aivastark/hook",
    "events": ["conversation.escalated", "lead.captured", "knowledge.updated", "low_confidence.detected"],
    "secret": SECRET,
}
webhook = call("POST", "/webhooks", hook, 201)
call("POST", "/query", {"message": "I want to talk to a human", "session_id": "sess_human"})
headers, raw_body = posts.get(timeout=20)
expected = hmac.new(SECRET.encode(), raw_body, hashlib.sha256).hexdigest()
assert hmac.compare_digest(expected, headers["X-Aivastark-Signature"]), headers
FOUND["event"] = json.loads(raw_body)
call("DELETE", f"/webhooks/{webhook['id']}", status=204)

# Error format
refused = open_url("POST", "/sources", b'{"type": "url"}', {"Content-Type": "application/json"})
assert refused.status == 400, refused.status
FOUND["error"] = json.load(refused)["error"]
assert FOUND["error"]["request_id"] == refused.headers["X-Request-Id"], refused.headers

print(json.dumps(FOUND))
