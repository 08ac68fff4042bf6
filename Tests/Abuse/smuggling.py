"""Smuggling over raw sockets: the table of `smuggling_table.py`, each case on a connection of its own, with a write
hidden in it."""

import re
import socket

from shelf import Shelf
from smuggling_table import CASES

BODY = b'{"sku":"SKU-0042","warehouse":"SEA-1","delta":1,"reason":"smuggled"}'


class Smuggling:
    name = "smuggling"
    PROBE = b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: the-probe\r\n\r\n"
    """What shows that a connection is usable, and that nothing else was still to be answered."""

    def __init__(self, session, quick, random, seed):
        self.session = session
        self.cases = 0

    def run(self):
        self.shelf = Shelf(self.session, "smuggling")
        for case in CASES:
            # Once in a single piece, once byte by byte, so that a parser's buffers end anywhere.
            for pieces in ("whole", "bytes"):
                self.one(case, pieces)
        self.session.say(f"  {self.cases} cases, each in one piece and byte by byte")

    def one(self, case, pieces):
        self.cases += pieces == "whole"
        text = self.fill(case, f"{self.cases}-{pieces}")
        before = self.shelf.head()[0]
        answers, received, is_closed = self.exchange(text, pieces, case)
        what = f"{case.name} ({pieces}): {text[:300]!r}… got {received[:100]!r}…"
        for status in answers:
            self.session.saw(status)
        if tuple(answers) != case.answers:
            self.session.report(f"answers {answers} instead of {list(case.answers)}: {what}")
        if is_closed == case.stays_open:
            self.session.report(f"the connection was {'closed' if is_closed else 'left open'}: {what}")
        written = self.shelf.head()[0] - before
        if written != case.writes:
            self.session.report(f"{written} entries instead of {case.writes}: {what}")

    def fill(self, case, number):
        """The case's text with real requests in it."""
        auth = f"Authorization: Bearer {self.shelf.key}\r\n".encode()

        def head(key):
            return (
                b"POST /v1/inventory/ledger HTTP/1.1\r\nHost: x\r\n"
                + auth
                + b"Idempotency-Key: "
                + key.encode()
                + b"\r\nContent-Length: %d\r\n" % len(BODY)
            )

        write = head(f"hidden-{number}") + b"\r\n" + BODY
        values = {
            b"write": write, b"other": head(f"other-{number}") + b"\r\n" + BODY, b"head": head(f"open-{number}"),
            b"body": BODY, b"auth": auth, b"all": str(len(write)).encode(), b"hex": b"%x" % len(write),
            b"key": f"outer-{number}".encode(), b"none": b"{}",
        }
        return re.sub(rb"\{(\w+)\}", lambda found: values[found.group(1)], case.text)

    def exchange(self, text, pieces, case):
        """Gives the statuses that came, all bytes, and whether the server closed the connection."""
        with socket.create_connection(("127.0.0.1", self.session.server.port), 5) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for piece in [text] if pieces == "whole" else [text[at : at + 1] for at in range(len(text))]:
                    connection.sendall(piece)
                if case.stays_open and case.answers:
                    connection.sendall(self.PROBE)
            except OSError:
                pass  # The server may have closed before it had everything.
            if not case.answers:
                connection.settimeout(0.3)
            received = b""
            try:
                while b"the-probe" not in received:
                    chunk = connection.recv(1 << 16)
                    if not chunk:
                        return statuses(received), received, True
                    received += chunk
            except TimeoutError:
                pass
            except OSError:
                return statuses(received), received, True
            return statuses(received)[: -1 if b"the-probe" in received else None], received, False


def statuses(received):
    """The statuses of the answers, without the interim ones."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received) if status != b"100"]
