"""A realm of the crash harness: its keys, the catalogue that all writers share, its webhook endpoints."""
import base64

SECRET = "whsec_" + base64.b64encode(b"a secret of the crash harness...").decode()
"""What all endpoints sign with."""

SKUS = [f"S{number}" for number in range(6)]
CODES = [f"L{number}" for number in range(3)]
REORDER_POINT = 20


class Endpoint:
    """A webhook endpoint and what it subscribed to."""

    def __init__(self, name, path, patterns):
        self.name, self.path, self.patterns = name, path, patterns
        self.id = None
        self.created_seq = None

    def takes(self, kind):
        """Whether an event of this type is its."""
        return any(
            pattern in ("*", kind) or (pattern.endswith(".*") and kind.startswith(pattern[:-1]))
            for pattern in self.patterns)


class Realm:
    """A tenant's ledger in one mode. Any of its keys can be used for anything in it."""

    def __init__(self, tenant, mode):
        self.name = f"{tenant}-{mode}"
        self.tenant, self.mode = tenant, mode
        self.keys = []
        self.endpoints = []

    def prepare(self, server, receiver_port):
        """Makes keys, the shared catalogue and the endpoints: nobody's writes, with which the journal begins."""
        if not self.keys:
            if (self.tenant, self.mode) == ("default", "test"):
                self.keys.append(server.first_key())
            while len(self.keys) < 2:
                self.keys.append(server.make_key(self.tenant, self.mode, "--unlimited"))
        client = server.client(self.keys[0])

        def make(path, body):
            answer = client.post(path, body, f"prepare-{path}-{sorted(body.items())[0][1]}".replace(" ", "-"))
            if answer.status != 201:
                raise RuntimeError(f"{path}: {answer}")
            return answer.json()

        for code in CODES:
            make("/inventory/v1/locations", {"code": code, "name": code})
        for sku in SKUS:
            make("/inventory/v1/items", {"name": sku, "sku": sku, "reorder_point": REORDER_POINT})
        # Live mode takes https alone: the receiver speaks http.
        if self.mode == "test":
            for name, behaviour, patterns in self.wanted_endpoints():
                endpoint = Endpoint(name, f"/{behaviour}/{self.name}-{name}", patterns)
                endpoint.id = make("/inventory/v1/webhooks", {
                    "description": name, "url": f"http://127.0.0.1:{receiver_port}{endpoint.path}", "events": patterns,
                    "secret": SECRET})["id"]
                endpoint.created_seq = client.get("/v1/ledger/head").json()["seq"]
                self.endpoints.append(endpoint)
        client.close()

    @staticmethod
    def wanted_endpoints():
        """Name, behaviour of the receiver, and patterns."""
        return [("all", "flaky", ["*"]), ("stock", "steady", ["movement.recorded", "stock.*"])]
