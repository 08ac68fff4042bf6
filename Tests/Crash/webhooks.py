"""Whether each endpoint was sent what the journal implies: all of it has arrived, is pending or is dead; no more."""
import collections
import pathlib
import sys
import time

from journal import Violation
from ledgerserver import Child, wait_until

Attempt = collections.namedtuple("Attempt", "path event fate digest timestamp received seq hash is_signed")


class ReceiverProcess:
    """The receiver, and what it has written down so far."""

    def __init__(self, folder):
        self.log = folder / "receiver.log"
        self.log.touch()
        program = pathlib.Path(__file__).with_name("receiver.py")
        self.child = Child([sys.executable, program, self.log], folder / "receiver.out")
        self.port = int(wait_until(lambda: self.log.read_text().split("\n")[0], "the receiver listens"))
        self.place = len(f"{self.port}\n")

    def attempts(self):
        """What came since the last call."""
        with open(self.log, encoding="ascii") as file:
            file.seek(self.place)
            text = file.read()
        whole = text[:text.rfind("\n") + 1]
        self.place += len(whole)
        return [Attempt(*line.split("\t")) for line in whole.splitlines()]

    def stop(self):
        self.child.kill()


class WebhookJudge:
    """Judges the endpoints of all realms of a world."""

    LIST = 100
    TIMELY = 10
    """Seconds between the time that a message is signed for and its arrival, at most."""

    def __init__(self, world, judge):
        self.world, self.judge = world, judge
        self.taken = {endpoint.path: collections.Counter() for _, endpoint in self.endpoints()}
        self.tried = {endpoint.path: set() for _, endpoint in self.endpoints()}
        self.places = {}
        """Entry id → its place in the journal, from 0; read as far as the judge has."""
        self.pending = self.dead = 0

    def endpoints(self):
        return [(realm, endpoint) for realm in self.world.realms for endpoint in realm.endpoints]

    @property
    def delivered(self):
        return sum(len(taken) for taken in self.taken.values())

    @property
    def twice(self):
        return sum(sum(taken.values()) - len(taken) for taken in self.taken.values())

    def look(self, twice_at_most):
        """
        Raises Violation. To be called behind the judge, whose journals are at the head.
        twice_at_most: how many deliveries to one endpoint may have been repeated so far.
        """
        self.pending = self.dead = 0
        for realm, endpoint in self.endpoints():
            client = self.world.any_client(realm)
            journal = self.judge.journals[realm.name]
            self.wait_for(endpoint, journal.head, client)
            excepted = {status: self.listed(endpoint, status, client) for status in ("pending", "dead")}
            said = self.listed(endpoint, "delivered", client, pages=1)
            client.close()
            self.take_log()
            taken = set(self.taken[endpoint.path])
            expected = {
                journal.ids[place] for place in range(endpoint.created_seq, journal.head)
                if endpoint.takes(journal.kinds[place])}
            self.refuse(endpoint, "never came, and nothing says so", expected - taken - set().union(*excepted.values()))
            self.refuse(endpoint, "came, and is not in the journal", self.tried[endpoint.path] - expected)
            self.refuse(endpoint, "is listed, and is not in the journal", set().union(*excepted.values()) - expected)
            self.refuse(endpoint, "is said to be delivered, and did not come", said - taken)
            self.pending += len(excepted["pending"])
            self.dead += len(excepted["dead"])
            twice = sum(self.taken[endpoint.path].values()) - len(taken)
            if twice > twice_at_most:
                raise Violation(f"{endpoint.path}: {twice} deliveries were repeated, at most {twice_at_most} may be")

    @staticmethod
    def refuse(endpoint, what, events):
        if events:
            raise Violation(f"{endpoint.path}: {len(events)} events, such as {sorted(events)[:3]}: {what}")

    def wait_for(self, endpoint, head, client, seconds=60):
        """Waits until each event has been tried."""
        deadline = time.monotonic() + seconds
        while True:
            shown = client.get(f"/inventory/v1/webhooks/{endpoint.id}")
            if shown.status == 200 and shown.json()["delivery"]["settled_seq"] >= head:
                return
            if time.monotonic() > deadline:
                raise Violation(f"{endpoint.path}: after {seconds} s not everything was tried: {shown}")
            time.sleep(0.02)

    def listed(self, endpoint, status, client, pages=1_000):
        """Ids of the events that the server lists with this status."""
        found, query = set(), f"status={status}&limit={self.LIST}"
        path = f"/inventory/v1/webhooks/{endpoint.id}/deliveries?{query}"
        cursor = ""
        for _ in range(pages):
            page = self.judge.read(client, path + cursor)
            found |= {row["event_id"] for row in page["data"]}
            if not page["has_more"]:
                break
            cursor = f"&cursor={page['next_cursor']}"
        return found

    def take_log(self):
        """Takes in what the receiver has written down: each message must be signed and be the journal's own bytes."""
        realms = {endpoint.path: realm for realm, endpoint in self.endpoints()}
        for attempt in self.world.receiver.attempts():
            if attempt.path not in realms:
                continue  # A fault has an endpoint of its own.
            journal = self.judge.journals[realms[attempt.path].name]
            for place in range(self.places.get(journal.realm.name, 0), journal.head):
                self.places[journal.ids[place]] = place
            self.places[journal.realm.name] = journal.head
            place = self.places.get(attempt.event)
            if place is None:
                raise Violation(f"{attempt.path}: {attempt.event} came, and is not in the journal")
            if attempt.is_signed != "True":
                raise Violation(f"{attempt.path}: {attempt.event} has a wrong signature")
            ahead = int(attempt.timestamp) - int(attempt.received)
            if min(abs(ahead - offset) for offset in self.world.offsets) > self.TIMELY:
                raise Violation(f"{attempt.path}: {attempt.event} is signed for {ahead} s from when it came")
            if attempt.digest != journal.digests[place].hex():
                raise Violation(f"{attempt.path}: {attempt.event} has another body than the journal")
            self.judge.note_head(journal.realm.name, int(attempt.seq), attempt.hash)
            self.tried[attempt.path].add(attempt.event)
            if attempt.fate == "taken":
                self.taken[attempt.path][attempt.event] += 1
