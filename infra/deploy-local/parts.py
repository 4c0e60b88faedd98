"""What the end-to-end suite is made of: a client of the deployed API, a callback receiver, a tally."""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import threading
import time
import urllib.parse

REQUEST_TIMEOUT_S = 35  # the API answers or gives up within 29 s
RECEIVED_BODY_MAX_BYTES = 1024 * 1024


class Response:
    """An answer of the API: status, headers by lower-case name, raw bytes."""

    def __init__(self, status, headers, raw):
        self.status = status
        self.headers = headers
        self.raw = raw

    @property
    def json(self):
        return json.loads(self.raw)

    @property
    def data(self):
        return self.json["data"]

    def __str__(self):
        return f"{self.status} {self.raw[:400]!r}"


class Api:
    """Requests to one deployed HTTP API; each has its own connection and a deadline."""

    def __init__(self, base_url):
        parts = urllib.parse.urlsplit(base_url)
        self.host = parts.netloc
        # The emulator tells its APIs apart by this host name, which no resolver has to know.
        local = parts.hostname.endswith("localhost")
        self.address = "127.0.0.1" if local else parts.hostname
        self.port = parts.port
        self.secure = parts.scheme == "https"

    def request(self, method, path, body=None, bearer=None, headers=None):
        headers = {"Host": self.host, **(headers or {})}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        connection = kind(self.address, self.port, timeout=REQUEST_TIMEOUT_S)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, named, answer.read())
        finally:
            connection.close()


class Callback:
    """One POST that the receiver got."""

    def __init__(self, headers, raw, answered):
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.raw = raw
        self.answered = answered

    @property
    def json(self):
        return json.loads(self.raw)

    @property
    def event(self):
        names = ("x-assistify-event", "x-aerochat-event", "x-aivastark-event")
        return next((self.headers[name] for name in names if name in self.headers), None)

    @property
    def delivery_id(self):
        return self.headers.get("x-assistify-delivery-id")

    def signed_with(self, secret):
        """Whether X-Assistify-Signature is right for the whole secret and the raw bytes."""
        signed = self.headers.get("x-assistify-timestamp", "").encode() + b"." + self.raw
        right = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"sha256={right}", self.headers.get("x-assistify-signature", ""))

    def standard_signed_with(self, secret):
        """Whether one of the Standard Webhooks signatures is right for the decoded secret."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        names = ("webhook-id", "webhook-timestamp")
        head = ".".join(self.headers.get(name, "") for name in names)
        right = hmac.new(key, head.encode() + b"." + self.raw, hashlib.sha256).digest()
        wanted = "v1," + base64.b64encode(right).decode()
        return wanted in self.headers.get("webhook-signature", "").split(" ")


class Receiver:
    """A real HTTP endpoint on loopback that refuses the first `refusals` posts with 500."""

    def __init__(self, refusals=0):
        self.refusals = refusals
        self.arrived = threading.Condition()
        self.callbacks = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self):
                length = int(self.headers.get("Content-Length", "0"))
                raw = self.rfile.read(min(length, RECEIVED_BODY_MAX_BYTES))
                status = receiver.take(self.headers, raw)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/callbacks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers, raw):
        with self.arrived:
            status = 500 if len(self.callbacks) < self.refusals else 204
            self.callbacks.append(Callback(headers, raw, status))
            self.arrived.notify_all()
            return status

    def wait_for(self, event, attempts, timeout_s):
        """The posts of one event, once there are `attempts` of them, or those that came in time."""

        def matching():
            return [callback for callback in self.callbacks if callback.event == event]

        with self.arrived:
            self.arrived.wait_for(lambda: len(matching()) >= attempts, timeout_s)
            return matching()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Tally:
    """Counts checks and says which failed; a failed check does not stop the others."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, sentence, holds, seen=""):
        if holds:
            self.passed += 1
            print(f"ok      {sentence}")
        else:
            self.failed += 1
            print(f"FAILED  {sentence}: {seen}")
        return bool(holds)

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 0 if self.failed == 0 and self.passed > 0 else 1


def eventually(attempt, timeout_s, pause_s=0.2):
    """Calls until the answer is true or time is up; returns the last answer."""
    deadline = time.monotonic() + timeout_s
    while True:
        answer = attempt()
        if answer or time.monotonic() >= deadline:
            return answer
        time.sleep(pause_s)
