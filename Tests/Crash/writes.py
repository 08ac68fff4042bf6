"""A write as a client remembers it: the bytes that it sent, the answer that it got, the entries that it asked for.

An entry that a write may bring about has an identity that no other write's has: a reference, a name, a price or an
absolute quantity that is used once. So each entry of the journal belongs to one write, and each write's can be counted.
"""
import json
import threading
import time

NOTHING_WAS_DONE = {"busy", "storage_full", "database_unavailable", "ConnectionRefusedError"}
"""What says that the write had no effect, and not only that its outcome is unknown."""

ABOUT_THE_EXCHANGE = {
    "date", "x-request-id", "idempotent-replayed", "connection", "ratelimit", "ratelimit-policy", "x-ratelimit-limit",
    "x-ratelimit-remaining", "x-ratelimit-reset",
}
"""Headers that belong to one exchange, not to the stored answer."""


class Entry:
    """An entry that a write asks for."""

    __slots__ = ("identity", "members")

    def __init__(self, *identity, **members):
        """
        identity: what no other write's entry has.
        members: what the entry's data must show.
        """
        self.identity, self.members = identity, members

    def __repr__(self):
        return " ".join(str(part) for part in self.identity)


class Write:
    """One request under one idempotency key, sent until a definite answer comes."""

    def __init__(self, realm, method, path, body, key, entries, may_be_refused=False, then=None):
        """
        entries: what a success brings about, all of it or nothing.
        may_be_refused: whether the ledger may answer 422, such as for a want of stock.
        then: called once, with the answer, when the write is known to have succeeded.
        """
        self.realm, self.method, self.path, self.key = realm, method, path, key
        self.body = json.dumps(body).encode()
        self.entries, self.may_be_refused, self.then = entries, may_be_refused, then
        self.answer = None
        self.settled_at = None
        self.failures = []

    def __repr__(self):
        return f"{self.method} {self.path} {self.body.decode()} [{self.realm.name}, key {self.key}]"

    def send(self, client):
        """Sends it once; gives the definite answer, or None while the outcome is unknown."""
        answer = client.request(self.method, self.path, self.body, self.key)
        if answer.status < 500 and answer.status not in (408, 429):
            return answer
        self.failures.append(self.code(answer))
        return None

    @staticmethod
    def code(answer):
        """The stable code of a failure, in whichever form the API gives it."""
        try:
            body = answer.json()
            found = body.get("code") or body["error"]["details"]["reason"]
            return found if isinstance(found, str) else body["details"]["reason"]
        except (ValueError, KeyError, TypeError, AttributeError):
            return str(answer.status)

    def settle(self, answer):
        """Takes the first definite answer."""
        self.answer = answer
        if self.then and answer.status < 400:
            self.then(answer)

    def is_expected(self, answer):
        return answer.status < 300 or (self.may_be_refused and answer.status == 422)

    def is_kept(self):
        """Whether the answer is stored under the key: nothing of it may be sent again otherwise."""
        return True

    def recorded(self, answer):
        """The entries that are in the journal if the answer is true."""
        return self.entries if answer.status < 300 else []

    def is_replay(self, answer):
        return answer.headers.get("idempotent-replayed") == "true"

    def difference(self, again):
        """What a replay has that the first answer had not, None when they are the same."""
        first = self.answer
        if not self.is_replay(again):
            return f"it was done anew: {again}"
        for what, one, other in [
            ("status", first.status, again.status), ("body", first.body, again.body),
            ("headers", self.lasting(first), self.lasting(again)),
        ]:
            if one != other:
                return f"another {what}: {one!r} became {other!r}"
        return None

    @staticmethod
    def lasting(answer):
        return {name: value for name, value in answer.headers.items() if name not in ABOUT_THE_EXCHANGE}


class WholeBatch(Write):
    """A batch of which all is recorded or nothing. A refusal is not stored: its keys stay free."""

    def is_kept(self):
        return self.answer.status < 300


class BulkWrite(Write):
    """A write of lines that stand for themselves: those that were refused brought nothing about."""

    def __init__(self, *arguments, line_is_recorded, **others):
        """line_is_recorded: whether the answer (as JSON) says so of the line with this index."""
        super().__init__(*arguments, **others)
        self.line_is_recorded = line_is_recorded

    def recorded(self, answer):
        if answer.status >= 300:
            return []
        body = answer.json()
        return [entry for index, entry in enumerate(self.entries) if self.line_is_recorded(body, index)]


class KeyedBatch(BulkWrite):
    """A batch of movements that each have a key of their own: its replay says of each line that it is one."""

    def __init__(self, realm, lines, entries):
        super().__init__(
            realm, "POST", "/inventory/v1/movements/batch", {"movements": lines}, None, entries,
            line_is_recorded=lambda body, index: body["results"][index]["status"] == 201)

    def is_replay(self, answer):
        results = answer.json().get("results", [])
        return bool(results) and all(result["replayed"] for result in results)

    def is_expected(self, answer):
        return answer.status == 200 and all(result["status"] in (201, 422) for result in answer.json()["results"])

    def difference(self, again):
        if again.status != self.answer.status:
            return f"another status: {again}"
        if not self.is_replay(again):
            return f"a line was done anew: {again}"
        one, other = (self.without_marks(answer) for answer in (self.answer, again))
        return None if one == other else f"another body: {one} became {other}"

    @staticmethod
    def without_marks(answer):
        """The lines' answers as text, members in their order, without what says whether they are replays."""
        results = answer.json()["results"]
        return [json.dumps({**result, "replayed": None}) for result in results]


class Register:
    """All writes that were ever sent to a world's ledgers, and the entries that they may have brought about."""

    def __init__(self):
        self.lock = threading.Lock()
        self.owners = {}
        self.settled = []
        self.clock = time.time
        """Seconds, by which the age of idempotency keys is counted."""
        self.replayed = 0
        """How many settled writes were sent again and compared."""

    def expect(self, write):
        """To be called before a write is sent."""
        with self.lock:
            for entry in write.entries:
                identity = (write.realm.name, *entry.identity)
                if self.owners.setdefault(identity, (write, entry))[0] is not write:
                    raise AssertionError(f"the workload used {identity} twice")

    def owner(self, realm, identity):
        """The write that an entry belongs to, with what it asked for; None when nobody did."""
        with self.lock:
            return self.owners.get((realm.name, *identity))

    def add_settled(self, write):
        with self.lock:
            write.settled_at = self.clock()
            self.settled.append(write)

    def add_replay(self):
        with self.lock:
            self.replayed += 1

    def take_settled(self):
        """The writes that were settled since the last call."""
        with self.lock:
            taken, self.settled = self.settled, []
            return taken
