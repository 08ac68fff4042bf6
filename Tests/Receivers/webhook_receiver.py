"""A receiver of webhooks as an integrator would write it, with both public libraries at once.

    webhook_receiver.py SECRETS_FILE

Listens on a free port of 127.0.0.1 and prints `listening on PORT`. Each line of SECRETS_FILE is a secret; the file is
read anew for each request. A request is answered with 204 when both libraries accept it under every secret, else with
400. For each request a line of JSON goes to standard output:

    {"id": "evt_…", "type": "…", "path": "/…", "signatures": 1, "standardwebhooks": [true], "svix": [true], "body": "…"}
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import standardwebhooks
import svix.webhooks


def accepts(verifier, secret: str, body: bytes, headers: dict) -> bool:
    """Whether the library takes the message, and gives back what was sent."""
    try:
        return verifier(secret).verify(body, headers) == json.loads(body)
    except Exception as error:  # Each library has exceptions of its own, and any of them is a refusal.
        print(f"{verifier.__module__}: {error!r}", file=sys.stderr, flush=True)
        return False


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    saying = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items()}
        with open(sys.argv[1], encoding="ascii") as file:
            secrets = file.read().split()
        seen = {
            "id": self.headers.get("webhook-id"),
            "type": None,
            "path": self.path,
            "signatures": len((self.headers.get("webhook-signature") or "").split()),
            "standardwebhooks": [accepts(standardwebhooks.Webhook, s, body, headers) for s in secrets],
            "svix": [accepts(svix.webhooks.Webhook, s, body, headers) for s in secrets],
            "body": body.decode("utf-8", "replace"),
        }
        try:
            seen["type"] = json.loads(body)["type"]
        except (ValueError, KeyError, TypeError):
            pass
        is_right = bool(secrets) and all(seen["standardwebhooks"]) and all(seen["svix"])
        # Said before it is answered: whoever sees the answer finds the line. `print` writes the end of a line by itself,
        # and requests are served by threads: without the lock two lines can become one and an empty one.
        with self.saying:
            print(json.dumps(seen), flush=True)
        self.send_response(204 if is_right else 400)
        if not is_right:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()
