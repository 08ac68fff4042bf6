"""HTTP as bytes: a request that is sent again is the same bytes, and an answer is compared byte for byte."""
import json
import socket


class ConnectionLost(Exception):
    """The connection broke, or nothing came in time, before a whole answer was there: what came of it is unknown."""


class Answer:
    """A response: its status, its headers with names in lower case, the bytes of its body."""

    __slots__ = ("status", "headers", "body")

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:400].decode('utf-8', 'replace')}"


class Client:
    """A connection to a server on the loopback, kept alive and opened anew when it is lost. One thread's."""

    def __init__(self, port, key=None, timeout=10):
        """
        port: of the server.
        key: the API key that requests carry, unless they bring headers of their own.
        timeout: seconds for each wait for bytes.
        """
        self.port, self.key, self.timeout = port, key, timeout
        self.socket = None
        self.rest = b""

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body, idempotency_key=None):
        return self.request("POST", path, body, idempotency_key)

    def request(self, method, path, body=None, idempotency_key=None, headers=()):
        """Sends a request; a body that is not bytes goes as JSON."""
        return self.exchange(self.encode(method, path, body, idempotency_key, headers))

    def encode(self, method, path, body=None, idempotency_key=None, headers=()):
        """The bytes of a request."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        if self.key:
            lines.append(f"Authorization: Bearer {self.key}")
        if idempotency_key:
            lines.append(f"Idempotency-Key: {idempotency_key}")
        lines += [f"{name}: {value}" for name, value in headers]
        if body is not None:
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")

    def exchange(self, request):
        """Sends the bytes and reads one answer. Raises ConnectionLost; the next request opens a new connection."""
        try:
            if self.socket is None:
                self.socket = socket.create_connection(("127.0.0.1", self.port), self.timeout)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.rest = b""
            self.socket.sendall(request)
            answer = self.read_answer(has_body=not request.startswith(b"HEAD "))
        except (OSError, ValueError) as error:
            self.close()
            raise ConnectionLost(f"{type(error).__name__}: {error}") from error
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def read_answer(self, has_body=True):
        """Reads one answer off the connection."""
        while (end := self.rest.find(b"\r\n\r\n")) < 0:
            self.receive()
        first, *lines = self.rest[:end].decode("latin-1").split("\r\n")
        self.rest = self.rest[end + 4:]
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if not first.startswith("HTTP/1.1 ") or headers.get("transfer-encoding"):
            raise ValueError(f"not an answer with a length: {first}")
        length = int(headers.get("content-length", 0)) if has_body else 0
        while len(self.rest) < length:
            self.receive()
        body, self.rest = self.rest[:length], self.rest[length:]
        return Answer(int(first.split(" ", 2)[1]), headers, body)

    def receive(self):
        chunk = self.socket.recv(1 << 16)
        if not chunk:
            raise ConnectionResetError("the server closed the connection")
        self.rest += chunk

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None
