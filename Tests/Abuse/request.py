"""A request that can be spoilt: its body a tree in which members keep their order and may repeat, everything else as it
is sent."""

import json
import urllib.parse


class Members(list):
    """A JSON object as [name, value] pairs."""


class Raw(bytes):
    """Bytes that stand for a value as they are."""


def tree(value):
    """A JSON value as lists of pairs and lists."""
    if isinstance(value, dict):
        return Members([name, tree(member)] for name, member in value.items())
    return [tree(element) for element in value] if isinstance(value, list) else value


def encode(value):
    """The bytes of a tree. A text may hold lone surrogates: they go out as escapes."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Members):
        return b"{" + b",".join(encode(name) + b":" + encode(member) for name, member in value) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(encode, value)) + b"]"
    return json.dumps(value).encode()


def places(value, found=None):
    """Every container in a tree."""
    found = [] if found is None else found
    if isinstance(value, list):
        found.append(value)
        for element in value:
            places(element[1] if isinstance(value, Members) else element, found)
    return found


class Request:
    """A request of an operation; the head is lines, so that any of them can be missing, twice or nonsense."""

    def __init__(self, operation, method, path, query, headers, body):
        """
        path: segments as they are sent, percent signs and all.
        query: [name, value] pairs as they are sent.
        headers: [name, value] pairs, bytes.
        body: a tree, or None.
        """
        self.operation, self.method = operation, method
        self.path, self.query, self.headers, self.body = path, query, headers, body
        self.tail = b""
        self.changes = []

    @classmethod
    def valid(cls, operation, shelf, random, key):
        """A request that the operation takes, made from one of its examples."""
        values = shelf.path_values(operation)
        path = [
            urllib.parse.quote(values[segment[1:-1]], safe="") if segment.startswith("{") else segment
            for segment in operation.path.split("/")[1:]
        ]
        query = [
            [parameter["name"], str(parameter.get("example", parameter["schema"].get("default", "5")))]
            for parameter in operation.query
            if parameter.get("required")
        ]
        headers = [[b"Host", b"127.0.0.1"], [b"Authorization", b"Bearer " + shelf.key.encode()]]
        if operation.key_header:
            headers.append([b"Idempotency-Key", key.encode()])
        body = None
        if operation.examples:
            body = tree(shelf.body(operation, random.choice(operation.examples)))
            headers.append([b"Content-Type", b"application/json"])
        return cls(operation, operation.method, path, query, headers, body)

    @property
    def target(self):
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return "/" + "/".join(self.path) + (f"?{query}" if query else "")

    def bytes(self):
        """As it goes over the wire, with the length that it has."""
        body = b"" if self.body is None else encode(self.body)
        body += self.tail
        lines = [self.method.encode() + b" " + self.target.encode("utf-8", "surrogatepass") + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in self.headers]
        if body or self.operation.schema:
            lines.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body
