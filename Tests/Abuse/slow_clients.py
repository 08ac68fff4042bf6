"""Slow clients: thousands of connections that are as slow as they can be. Good clients must not notice, what each
connection costs has an end, and afterwards nothing may be left of it.

What is normal for good clients is measured before and after, and meanwhile at a second server that nobody attacks: so
that a busy machine, or an attacker on it, is not taken for a slow server. What the attack costs the server itself is
the processor time that it takes.
"""

import shutil
import time

from good_clients import GoodClients, milliseconds, p99s, typical
from ledgerserver import LedgerServer
from session import MEBIBYTE, Session
from shelf import Shelf
from slow_attacks import ATTACKS, SlowHTTPTest


class SlowClients:
    name = "slow clients"
    PER_CONNECTION = 384 << 10
    """Bytes of memory that a connection may hold at most: the rest of the largest document, and its own."""
    LEFT = 16 * MEBIBYTE
    """What a second round may leave beyond the first: what the allocator has kept it uses again, a leak grows on."""

    PROCESSOR = 0.5
    """Seconds a second that an attack may cost the server, once its connections are made."""

    def __init__(self, session, quick, random, seed):
        self.session = session
        self.connections, self.calm, self.seconds = (300, 2, 3) if quick else (2_000, 20, 60)
        self.rounds = 1 if quick else 2
        # Seconds by which a p99 may always rise: where a commit takes one millisecond, another program's turn takes
        # five. Two windows of a second beside whatever else the machine does show a standstill and no less.
        self.floor = 0.1 if quick else 0.005

    def run(self):
        peaceful = Session(LedgerServer(self.session.server.folder / "peaceful"), self.session.say)
        self.good = GoodClients(self.session.server.port, Shelf(self.session, "slow-clients").key)
        self.others = GoodClients(peaceful.server.port, Shelf(peaceful, "peaceful").key)
        # The first moments are nobody's measure: connections, the ledger's first pages, the allocator.
        time.sleep(1)
        self.before = self.be_calm()
        for attack in ATTACKS:
            if isinstance(attack, SlowHTTPTest) and not shutil.which("slowhttptest"):
                self.session.say(
                    f"  {attack.name}: skipped, slowhttptest is not installed (scripts/install-dependencies test)"
                )
                continue
            rests = [self.measure(attack) for _ in range(self.rounds)]
            if rests[-1] - rests[0] > self.LEFT:
                self.session.report(
                    f"{attack.name}: at rest it has {rests[0] / MEBIBYTE:.1f} MiB, "
                    f"and {rests[-1] / MEBIBYTE:.1f} after a second round"
                )
        self.good.stop()
        self.others.stop()
        peaceful.server.stop()

    def measure(self, attack):
        """Good clients alone, beside the attack, and alone again; gives what the server has in memory afterwards."""
        at_first = self.session.resident()
        attack.begin(self.session.server.port, self.connections, self.seconds)
        try:
            # Meanwhile all connections are made.
            opening = self.watch(self.seconds / 3)
            full, worked = time.monotonic(), self.session.processor_seconds()
            self.others.seen()
            open_at_most, memory = map(max, opening, self.watch(self.seconds * 2 / 3))
            ended, worked = time.monotonic(), self.session.processor_seconds() - worked
            elsewhere, _ = self.others.seen()
        finally:
            attack.end()
        self.wait_until_drained(attack.name)
        samples, failures = self.good.seen()
        after = self.be_calm()
        during = p99s(samples, full, ended)
        self.judge(attack, self.before, during, p99s(elsewhere, full, ended), after, open_at_most, failures)
        cost = worked / (ended - full) - self.usual
        if cost > self.PROCESSOR:
            self.session.report(f"{attack.name}: it costs the server {cost:.2f} of a processor")
        self.before = after
        each = (memory - at_first) / self.connections
        self.session.say(
            f"    {100 * max(cost, 0):.0f} % of a processor; {memory / MEBIBYTE:.1f} MiB at most, "
            f"{each / 1024:.0f} KiB for each; at rest {self.session.resident() / MEBIBYTE:.1f} MiB"
        )
        if each > self.PER_CONNECTION:
            self.session.report(f"{attack.name}: each connection held {each / 1024:.0f} KiB")
        return self.session.resident()

    def be_calm(self):
        """The p99s of good clients when nothing else is done."""
        self.good.seen()
        begun, worked = time.monotonic(), self.session.processor_seconds()
        time.sleep(self.calm)
        self.usual = (self.session.processor_seconds() - worked) / self.calm
        samples, failures = self.good.seen()
        if failures:
            self.session.report(
                f"{len(failures)} requests of good clients failed while nothing else was done: {failures[:3]}"
            )
        return p99s(samples, begun, begun + self.calm)

    def watch(self, seconds):
        """The most open connections and bytes of memory while they are held."""
        deadline, connections, memory = time.monotonic() + seconds, 0, 0
        while time.monotonic() < deadline:
            connections = max(connections, self.session.descriptors() - self.session.descriptors_at_start)
            memory = max(memory, self.session.resident())
            time.sleep(0.2)
        return connections, memory

    def wait_until_drained(self, name):
        allowed = self.session.descriptors_allowed() + GoodClients.CONNECTIONS
        deadline = time.monotonic() + 30
        while self.session.descriptors() > allowed:
            if time.monotonic() > deadline:
                self.session.report(
                    f"{name}: {self.session.descriptors()} descriptors are open 30 s after it; {allowed} were allowed"
                )
                return
            time.sleep(0.1)

    def judge(self, attack, before, during, elsewhere, after, open_at_most, failures):
        """before, during, after: the p99s of good clients in each window; elsewhere: during it, at the other server."""
        name = attack.name
        beside, peace = typical(during), typical(elsewhere)
        normal = max(typical(before + after) or 0, peace or 0)
        self.session.say(
            f"  {name}: {open_at_most} connections; p99 before / during / after, and elsewhere meanwhile "
            f"{milliseconds(typical(before), beside, typical(after), peace)}"
        )
        if attack.keeps_connections and open_at_most < self.connections * 0.9:
            self.session.report(
                f"{name}: {open_at_most} connections were open at most; {self.connections} were meant to be"
            )
        if failures:
            self.session.report(f"{name}: {len(failures)} requests of good clients failed: {failures[:3]}")
        if beside is None or beside > max(2 * normal, normal + self.floor):
            self.session.report(
                f"{name}: p99 of good clients went from {milliseconds(normal)} to {milliseconds(beside)}"
            )
