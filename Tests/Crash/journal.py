"""The journal as the event feed shows it, read on and on: each entry belongs to one write, every fold adds up."""
import hashlib
import json

from realm import CODES, SKUS

PAGE = 1000


class Violation(Exception):
    """A promise that was not kept."""


def feed(client, after=0, to=None):
    """The events after a seq, at least up to another, each with its bytes."""
    while True:
        answer = client.get(f"/v1/events?after={after}&limit={PAGE}")
        if answer.status != 200:
            raise Violation(f"the feed after {after}: {answer}")
        yield from slices(answer.body.decode())
        page = answer.json()
        after = page["last_seq"]
        if not page["has_more"] or (to and after >= to):
            return


def slices(page):
    """Each event of a page with its own bytes, cut out of the page's."""
    decoder = json.JSONDecoder()
    place = page.index('"data":[') + len('"data":[')
    while page[place] != "]":
        event, end = decoder.raw_decode(page, place)
        yield event, page[place:end].encode()
        place = end + 1 if page[end] == "," else end


class Journal:
    """One realm's journal as far as it was read, with the stock that its entries add up to."""

    def __init__(self, realm, register):
        self.realm, self.register = realm, register
        self.digests = []
        """SHA-256 of each entry's bytes, in order of seq: read again they must be the same."""
        self.ids = []
        self.kinds = []
        self.last_id = self.last_time = ""
        self.present = {}
        """Identity of an entry that a write asked for → its seq."""
        self.on_hand = {}
        self.reorder_points = {}
        self.names = {}
        self.touched = set()
        self.owed = {}
        """What stock events the last movement must be followed by: (type, sku, code) → its seq."""

    @property
    def head(self):
        return len(self.digests)

    def read_on(self, client):
        """Reads what is new; gives the number of entries. Raises Violation."""
        before = self.head
        for event, raw in feed(client, before):
            self.take(event, raw)
        if self.owed:
            raise Violation(f"{self.realm.name}: these events are missing: {self.owed}")
        shown = client.get("/v1/ledger/head").json()["seq"]
        if shown != self.head:
            raise Violation(f"{self.realm.name}: the head is {shown}, the feed ends at {self.head}")
        return self.head - before

    def check_history(self, client, after=0):
        """Reads again what was read before: nothing may have changed."""
        if after >= self.head:
            return
        for event, raw in feed(client, after, self.head):
            if event["seq"] <= self.head and hashlib.sha256(raw).digest() != self.digests[event["seq"] - 1]:
                raise Violation(f"{self.realm.name}: entry {event['seq']} has changed: {raw.decode()}")

    def take(self, event, raw):
        seq, kind, data = event["seq"], event["type"], event["data"]
        if seq != self.head + 1:
            raise Violation(f"{self.realm.name}: after seq {self.head} comes {seq}")
        if event["id"] <= self.last_id:
            raise Violation(f"{self.realm.name}: the id of seq {seq} is {event['id']}, after {self.last_id}")
        if event["timestamp"] < self.last_time:
            raise Violation(f"{self.realm.name}: seq {seq} is of {event['timestamp']}, after {self.last_time}")
        self.last_id, self.last_time = event["id"], event["timestamp"]
        self.digests.append(hashlib.sha256(raw).digest())
        self.ids.append(event["id"])
        self.kinds.append(kind)
        if kind == "webhook.disabled":
            return  # The server's own doing.
        if kind in ("stock.low", "stock.out"):
            owed = self.owed.pop((kind, data["sku"], data["warehouse"]), None)
            if owed != data["movement_seq"]:
                raise Violation(f"{self.realm.name}: nothing brings this about: {event}")
            return
        self.fold(seq, kind, data)
        for identity in self.identities(kind, data):
            self.claim(identity, seq, event)

    def claim(self, identity, seq, event):
        """Notes that an entry is there, which some write must have asked for, once."""
        if self.is_prepared(identity):
            return
        owner = self.register.owner(self.realm, identity)
        if owner is None:
            raise Violation(f"{self.realm.name}: nobody asked for {event}")
        if identity in self.present:
            raise Violation(f"{self.realm.name}: {identity} is there twice, as {self.present[identity]} and {seq}")
        write, entry = owner
        for name, value in entry.members.items():
            if event["data"][name] != value:
                raise Violation(f"{write}\n    asked for {name} {value}: {event}")
        self.present[identity] = seq

    @staticmethod
    def identities(kind, data):
        """What a write would have named to bring this entry about."""
        if kind == "movement.recorded" and data["reference"]:
            return [("movement", data["reference"])]
        if kind == "movement.recorded":
            return [("set", data["sku"], data["warehouse"], data["on_hand"])]
        if kind == "stock_settings.updated":
            return [("settings", data["sku"], data["warehouse"], data["price"], data["safety_stock"])]
        if kind == "location.updated" and data.get("observed_at"):
            return [("observed", data["code"], data["observed_at"])]
        if kind.startswith("webhook."):
            return [("webhook", data["id"], data["description"])]
        thing, _, change = kind.partition(".")
        name = data["sku"] if thing == "item" else data["code"]
        return [(thing, name)] if change == "created" else [(f"{thing}-name", name, data["name"])]

    def is_prepared(self, identity):
        """What was there before the writers began."""
        return identity in [("item", sku) for sku in SKUS] + [("location", code) for code in CODES] or (
            identity[0] == "webhook" and identity[2] in [endpoint.name for endpoint in self.realm.endpoints])

    def fold(self, seq, kind, data):
        """Adds the entry to what all before it add up to."""
        if kind in ("item.created", "item.updated"):
            self.reorder_points[data["sku"]] = data["reorder_point"]
            self.names[data["sku"]] = data["name"]
        if kind != "movement.recorded":
            return
        if self.owed:
            raise Violation(f"{self.realm.name}: before seq {seq} these events are missing: {self.owed}")
        sides = [(data["warehouse"], data["delta"], data)]
        if data.get("to"):
            sides.append((data["to"]["warehouse"], -data["delta"], data["to"]))
        for code, delta, side in sides:
            level = (data["sku"], code)
            before = self.on_hand.get(level, 0)
            if (side["on_hand_before"], side["on_hand"]) != (before, before + delta):
                raise Violation(f"{self.realm.name}: {level} had {before}, but seq {seq} says {data}")
            self.on_hand[level] = after = before + delta
            self.touched.add(data["sku"])
            point = self.reorder_points.get(data["sku"])
            if point is not None and before >= point > after:
                self.owed[("stock.low", *level)] = seq
            if before > 0 >= after:
                self.owed[("stock.out", *level)] = seq

    def holds(self, write):
        """Which of a write's entries are there."""
        return [entry for entry in write.entries if entry.identity in self.present]

    def check(self, write, recorded):
        """Compares the entries that are there with those that an answer speaks of."""
        for entry in write.entries:
            is_there, should_be = entry.identity in self.present, entry in recorded
            if is_there != should_be:
                word = "is there, although it was refused" if is_there else "is LOST"
                raise Violation(f"{write}\n    answered {write.answer}\n    {entry} {word}")
