"""Slow clients: thousands of connections that are as slow as they can be. Good clients must not notice, what each
connection costs has an end, and afterwards nothing may be left of it."""

import shutil
import time

from good_clients import GoodClients, milliseconds, p99s, typical
from session import MEBIBYTE
from shelf import Shelf
from slow_attacks import ATTACKS, SlowHTTPTest


class SlowClients:
    name = "slow clients"
    PER_CONNECTION = 384 << 10
    """Bytes of memory that a connection may hold at most: the rest of the largest document, and its own."""
    LEFT = 16 * MEBIBYTE
    """What a second round may leave beyond the first: what the allocator has kept it uses again, a leak grows on."""

    def __init__(self, session, quick, random, seed):
        self.session = session
        self.connections, self.calm, self.seconds = (300, 2, 3) if quick else (2_000, 20, 60)
        self.rounds = 1 if quick else 2
        # Seconds by which a p99 may always rise: where a commit takes one millisecond, another program's turn takes
        # five. Two windows of a second beside whatever else the machine does show a standstill and no less.
        self.floor = 0.1 if quick else 0.005

    def run(self):
        self.shelf = Shelf(self.session, "slow-clients")
        self.good = GoodClients(self.session.server.port, self.shelf.key)
        # The first moments are nobody's measure: connections, the ledger's first pages, the allocator.
        time.sleep(1)
        self.good.seen()
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

    def measure(self, attack):
        """Good clients alone, beside the attack, and alone again; gives what the server has in memory afterwards."""
        at_first = self.session.resident()
        attack.begin(self.session.server.port, self.connections, self.seconds)
        try:
            # Meanwhile all connections are made.
            opening = self.watch(self.seconds / 3)
            full = time.monotonic()
            open_at_most, memory = map(max, opening, self.watch(self.seconds * 2 / 3))
            ended = time.monotonic()
        finally:
            attack.end()
        self.wait_until_drained(attack.name)
        samples, failures = self.good.seen()
        after = self.be_calm()
        self.judge(attack, self.before, p99s(samples, full, ended), after, open_at_most, failures)
        self.before = after
        each = (memory - at_first) / self.connections
        self.session.say(
            f"    {memory / MEBIBYTE:.1f} MiB at most, {each / 1024:.0f} KiB for each; "
            f"at rest {self.session.resident() / MEBIBYTE:.1f} MiB"
        )
        if each > self.PER_CONNECTION:
            self.session.report(f"{attack.name}: each connection held {each / 1024:.0f} KiB")
        return self.session.resident()

    def be_calm(self):
        """The p99s of good clients when nothing else is done."""
        begun = time.monotonic()
        time.sleep(self.calm)
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

    def judge(self, attack, before, during, after, open_at_most, failures):
        """before, during, after: the p99s of good clients in each window."""
        name = attack.name
        normal, beside = typical(before + after) or 0, typical(during)
        self.session.say(
            f"  {name}: {open_at_most} connections; "
            f"p99 before / during / after {milliseconds(typical(before), beside, typical(after))}"
        )
        if attack.keeps_connections and open_at_most < self.connections * 0.9:
            self.session.report(
                f"{name}: {open_at_most} connections were open at most; {self.connections} were meant to be"
            )
        if failures:
            self.session.report(f"{name}: {len(failures)} requests of good clients failed: {failures[:3]}")
        if beside is None or beside > max(2 * normal, normal + self.floor):
            self.session.report(f"{name}: p99 of good clients went from {milliseconds(normal)} to {milliseconds(beside)}")
