"""A server that is abused for a while, what it is seen to do, and what it must not have done at the end."""

import os
import re
import time

from ledgerserver import Answer, Client, ConnectionLost, wait_until

MEBIBYTE = 1 << 20
GROWTH = 40 * MEBIBYTE
"""By which a server at rest may be larger than at its start: it gives memory back when it has 32 MiB more."""
GROWTH_OF_A_REALM = 4 * MEBIBYTE
"""For its catalogue, its levels and its keys, and the pages that each connection to its databases keeps: two mebibytes."""
DESCRIPTORS_OF_A_REALM = 16
"""At most: two databases, their logs and shared memory, and the connections of readers."""


class AbuseClient(Client):
    """The client of bytes that also meets streams of events: it looks at their head and hangs up."""

    def read_answer(self, has_body=True):
        while b"\r\n\r\n" not in self.rest:
            self.receive()
        head = self.rest[: self.rest.index(b"\r\n\r\n")].decode("latin-1")
        if "text/event-stream" not in head:
            return super().read_answer(has_body)
        lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
        self.close()
        return Answer(int(head.split(" ", 2)[1]), {**lines, "connection": "close"}, b"")


class Session:
    """One server from its start to its end, with everything that was found wrong with it."""

    LIMIT = 25
    """Findings after which there is no point in going on."""

    def __init__(self, server, say):
        self.server, self.say = server, say
        self.findings = []
        self.statuses = {}
        server.start()
        self.pid = server.child.pid
        # It is printed a moment after the server is ready.
        wait_until(lambda: "sk_test_" in server.said.read_text(errors="replace"), "the first key")
        self.key = server.first_key()
        self.client = self.open_client(self.key)
        self.realms = 1
        self.rss_at_start, self.descriptors_at_start = self.resident(), self.descriptors()

    def open_client(self, key=None, timeout=20):
        return AbuseClient(self.server.port, key, timeout)

    # What is seen

    def exchange(self, request, client=None):
        """Sends the bytes of a request; gives the answer, or None when there was none, which is a finding."""
        try:
            answer = (client or self.client).exchange(request)
        except ConnectionLost as error:
            self.report(f"no answer ({error}) to {request[:2000]!r}")
            return None
        self.saw(answer.status)
        if answer.status >= 500:
            self.report(f"{answer!r} to {request[:2000]!r}")
        return answer

    def saw(self, status, count=1):
        self.statuses[status] = self.statuses.get(status, 0) + count

    def head(self):
        """(seq, hash) of the ledger."""
        answer = self.client.get("/v1/ledger/head")
        if answer.status != 200:
            raise RuntimeError(f"the ledger's head: {answer!r}")
        head = answer.json()
        return head["seq"], head["hash"]

    def report(self, finding):
        """Something that must not be."""
        self.findings.append(finding)
        self.say(f"  FINDING: {finding[:4000]}")
        if len(self.findings) >= self.LIMIT:
            raise TooManyFindings

    def resident(self):
        """Bytes of the server in memory."""
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def processor_seconds(self):
        """Of the server, since its start."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        """Open files of the server, sockets among them."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def descriptors_allowed(self):
        """How many may be open when nobody is connected."""
        return self.descriptors_at_start + self.realms * DESCRIPTORS_OF_A_REALM

    # The end

    def drain(self, seconds=90):
        """Waits until every connection is gone. The files that are open then are those of the beginning, and for each
        realm its databases, which are opened when they are needed and stay open."""
        self.client.close()
        allowed = self.descriptors_allowed()
        try:
            wait_until(lambda: self.descriptors() <= allowed, f"{allowed} descriptors or fewer", seconds, pause=0.1)
        except TimeoutError:
            self.report(
                f"{self.descriptors()} descriptors are open long after the last connection; {allowed} were allowed"
            )

    def close(self):
        """What holds after all abuse: the process is the one that was started, it answers, has let go of what it used,
        its ledger proves itself, and its log has neither a crash nor a secret."""
        self.drain()
        if not self.server.is_running() or self.server.child.pid != self.pid:
            self.report(f"the server has ended with {self.server.child.exit_status()}: {self.server.last_words()}")
            return
        allowed = GROWTH + self.realms * GROWTH_OF_A_REALM
        grown = self.rest(allowed)
        self.say(
            f"  at rest: {self.resident() / MEBIBYTE:.1f} MiB ({grown / MEBIBYTE:+.1f}), "
            f"{self.descriptors()} descriptors ({self.descriptors() - self.descriptors_at_start:+d}); "
            f"answers: {self.tally()}"
        )
        if grown > allowed:
            self.report(f"it has grown by {grown / MEBIBYTE:.1f} MiB; {allowed / MEBIBYTE:.0f} were allowed")
        try:
            self.head()
        except ConnectionLost as error:
            self.report(f"it does not answer any more ({error}): {self.server.last_words()}")
        self.client.close()
        if said := self.server.verify():
            self.report(f"bincard verify: {said[-2000:]}")
        if status := self.server.stop():
            self.report(f"the server ended with {status}")
        self.search_log()

    def rest(self, allowed):
        """Bytes by which it is larger than at its start, once it has had the time to give back what a peak left behind:
        it looks every three seconds, and not while it grows."""
        deadline = time.monotonic() + 15
        while (grown := self.resident() - self.rss_at_start) > allowed and time.monotonic() < deadline:
            time.sleep(0.2)
        return grown

    def search_log(self):
        log = self.server.log.read_text(errors="replace")
        for word in ("Fatal error", "Crash", "crashed", "Sanitizer", "Precondition failed", "a request failed"):
            if word in log:
                self.report(f"the log has {word!r}: …{log[max(0, log.index(word) - 200):][:1000]}")
        secret = re.escape(self.key[34:])
        for name in os.listdir(self.server.folder):
            path = self.server.folder / name
            # The first start prints the key on standard output, once; nothing else may have it.
            if path.is_file() and path != self.server.said and re.search(secret, path.read_text(errors="replace")):
                self.report(f"{name} has the secret of a key")

    def tally(self):
        return ", ".join(f"{count} × {status}" for status, count in sorted(self.statuses.items())) or "none"


class TooManyFindings(Exception):
    """Enough was found to stop and look."""
