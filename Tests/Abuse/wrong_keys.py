"""A million wrong keys with flat memory: guesses of every kind, many at once on kept connections, while a good key goes
on working."""

import socket
import threading
import time
import zlib

from good_clients import GoodClients, milliseconds, p99s, typical
from session import MEBIBYTE, TooManyFindings
from shelf import Shelf

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def minted(start):
    """A text of which all but the checksum is given, with the checksum that belongs to it: only a look-up tells that it
    is no key."""
    check = zlib.crc32(start.encode())
    return start + "".join(DIGITS[check >> shift & 31] for shift in range(30, -1, -5))


class WrongKeys:
    name = "wrong keys"
    CONNECTIONS, AT_ONCE = 4, 32
    GROWTH = 8 * MEBIBYTE
    """More than this after the warm-up is growth: what the allocator and the tables of fixed size take, they have taken
    by then."""

    def __init__(self, session, quick, random, seed):
        self.session, self.random = session, random
        self.count, self.warm_up = (40_000, 10_000) if quick else (1_000_000, 50_000)

    def run(self):
        shelf = Shelf(self.session, "wrong-keys")
        self.key = shelf.key
        self.guess(self.warm_up)
        good = GoodClients(self.session.server.port, shelf.key, per_second=120)
        time.sleep(3)
        calm = time.monotonic()
        before = self.session.resident()
        seconds = self.guess(self.count)
        ended = time.monotonic()
        after = self.session.resident()
        samples, failures = good.stop()
        normal, during = typical(p99s(samples, calm - 2, calm)), typical(p99s(samples, calm, ended))
        self.session.say(
            f"  {self.count} wrong keys in {seconds:.1f} s, {self.count / seconds:.0f} a second; "
            f"memory {before / MEBIBYTE:.1f} → {after / MEBIBYTE:.1f} MiB; p99 of a good key before / during {milliseconds(normal, during)}"
        )
        if after - before > self.GROWTH:
            self.session.report(f"wrong keys took {(after - before) / MEBIBYTE:.1f} MiB")
        if failures:
            self.session.report(f"{len(failures)} requests with a good key failed: {failures[:3]}")
        # Its server is kept as busy as it can be, so this is no measure of slowness; a guess must not lock anybody out.
        if during is not None and during > 1:
            self.session.report(f"a good key waited {during:.2f} s")
        if shelf.client.get("/v1/ledger/head").status != 200:
            self.session.report("the good key is not let in afterwards")

    def guess(self, count):
        """Sends so many, over some connections; gives the seconds it took."""
        begun = time.monotonic()
        share = count // self.CONNECTIONS
        threads = [
            threading.Thread(target=self.guess_on_one, args=(share,), daemon=True) for _ in range(self.CONNECTIONS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - begun

    def guess_on_one(self, count):
        try:
            with socket.create_connection(("127.0.0.1", self.session.server.port), 30) as connection:
                for sent in range(0, count, self.AT_ONCE):
                    self.exchange(connection, min(self.AT_ONCE, count - sent))
        except (OSError, TooManyFindings) as error:
            self.session.findings.append(f"guessing came to an end: {error}")

    def exchange(self, connection, count):
        """Sends so many guesses at once and reads as many refusals."""
        connection.sendall(b"".join(self.request() for _ in range(count)))
        received = b""
        while received.count(b'"code":"unauthorized"') < count or not received.endswith(b"}"):
            chunk = connection.recv(1 << 18)
            if not chunk:
                raise OSError("the server closed the connection")
            received += chunk
            if received.count(b"HTTP/1.1 ") != received.count(b"HTTP/1.1 401"):
                self.session.report(f"a wrong key was answered {received[-3000:]!r}")
                raise OSError("nothing more is understood on this connection")
        self.session.saw(401, count)

    def request(self):
        kind = self.random.randrange(len(self.KINDS))
        guess = self.KINDS[kind](self)
        line = b"" if guess is None else b"Authorization: " + guess + b"\r\n"
        return b"GET /v1/ledger/head HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n"

    def digits(self, count):
        return "".join(self.random.choices(DIGITS, k=count))

    def somewhere(self):
        """The real key with one place changed."""
        at = self.random.randrange(len(self.key))
        return self.key[:at] + self.random.choice(DIGITS.replace(self.key[at], "")) + self.key[at + 1 :]

    KINDS = [
        lambda self: b"Bearer " + self.random.randbytes(24).hex().encode(),
        lambda self: b"Bearer " + minted(f"sk_test_0{self.digits(77)}").encode(),
        lambda self: b"Bearer " + minted(f"sk_live_0{self.digits(77)}").encode(),
        lambda self: b"Bearer " + minted(self.key[:34] + "0" + self.digits(51)).encode(),
        lambda self: b"Bearer " + minted(self.key[:8].replace("test", "live") + self.key[8:86]).encode(),
        lambda self: b"Bearer " + self.somewhere().encode(),
        lambda self: b"Bearer " + self.key[: self.random.randrange(len(self.key))].encode(),
        lambda self: b"Bearer " + (self.key + self.digits(1)).encode(),
        lambda self: b"Bearer " + self.key.lower().encode(),
        lambda self: b"Bearer  " + self.key.encode(),
        lambda self: b"Basic " + self.key.encode(),
        lambda self: b"Bearer " + b"x" * self.random.choice([1, 93, 1000, 8000]),
        lambda self: self.random.choice([b"Bearer", b"Bearer ", b""]),
        lambda self: b"Bearer \xff\xfe" + self.random.randbytes(8).hex().encode(),
        lambda self: b"Bearer " + "sk_test_ключ😀".encode(),
        lambda self: None,
    ]
