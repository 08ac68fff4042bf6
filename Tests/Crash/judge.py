"""Says after each fault whether every promise was kept, by what the published APIs and `bincard verify` show alone."""
from journal import Journal, Violation
from writes import NOTHING_WAS_DONE


class Judge:
    """Judges one world. `look` after each fault; `finish` once at the end."""

    REPLAYS = 40
    """Settled writes of any age that are sent again after each fault, besides the last of each realm."""
    KEPT = 23.9 * 3600
    """How old, in seconds, a write may be to be sent again: its key is kept for a day."""

    def __init__(self, world, chance):
        self.world, self.chance = world, chance
        self.journals = {realm.name: Journal(realm, world.register) for realm in world.realms}
        self.settled = []
        self.last = {}
        self.heads = {}
        self.unknown = {0: 0, 1: 0}
        """Writes whose outcome was unknown for a time, by how often they had been done when that was settled."""

    def look(self):
        """Raises Violation. The load must be over and the servers healthy."""
        self.complain()
        clients = {realm.name: self.world.any_client(realm) for realm in self.world.realms}
        for realm in self.world.realms:
            self.journals[realm.name].read_on(clients[realm.name])
        self.check_settled()
        self.settle_unknown(clients)
        for realm in self.world.realms:
            client, journal = clients[realm.name], self.journals[realm.name]
            journal.read_on(client)
            journal.check_history(client, max(0, journal.head - 300))
            self.check_head(journal, client)
            self.check_stock(journal, client)
        self.check_settled()
        self.replay(clients)
        for client in clients.values():
            client.close()
        self.verify()

    def finish(self):
        """Reads all from the beginning, and compares it with what was read at the time."""
        for realm in self.world.realms:
            client = self.world.any_client(realm)
            journal = self.journals[realm.name]
            journal.read_on(client)
            journal.check_history(client)
            journal.touched = {sku for sku, _ in journal.on_hand}
            self.check_stock(journal, client)
            client.close()
        self.verify()

    def complain(self):
        """What writers saw themselves."""
        for writer in self.world.writers:
            if writer.violations:
                raise Violation("\n".join(writer.violations))

    def check_settled(self):
        """Each answer that was given is true: its entries are there once, and what was refused is not."""
        for write in self.world.register.take_settled():
            self.journals[write.realm.name].check(write, write.recorded(write.answer))
            self.count_unknown(write)
            if write.is_kept():
                self.settled.append(write)
                self.last[write.realm.name] = write

    def count_unknown(self, write):
        if not write.failures:
            return
        was_done = write.is_replay(write.answer)
        if not NOTHING_WAS_DONE.issuperset(write.failures):
            self.unknown[1 if was_done else 0] += 1
        elif was_done:
            raise Violation(f"{write}\n    was done, although the answers said that nothing was: {write.failures}")

    def settle_unknown(self, clients):
        """Sends what is unsettled again: it was done once or not at all, whole, and is done once now."""
        for writer in self.world.writers:
            write = writer.pending
            if write is None:
                continue
            journal = self.journals[write.realm.name]
            before = journal.holds(write)
            answer = self.world.insist(write, clients[write.realm.name])
            writer.settle(answer)
            self.complain()
            recorded = write.recorded(answer)
            if before and (before != recorded or not write.is_replay(answer)):
                raise Violation(f"{write}\n    of this were there {before}; then it was answered {answer}")
            if recorded and not before and write.is_replay(answer):
                raise Violation(f"{write}\n    was not there, but its answer was: {answer}")

    def check_head(self, journal, client):
        """A seq has one hash, whoever says it and whenever."""
        head = client.get("/v1/ledger/head").json()
        self.note_head(journal.realm.name, head["seq"], head["hash"])

    def note_head(self, realm, seq, digest):
        known = self.heads.setdefault((realm, seq), digest)
        if known != digest:
            raise Violation(f"{realm}: the hash of seq {seq} was {known} and is {digest}: history was written anew")

    def check_stock(self, journal, client):
        """Balances equal the sums of all changes, through each of the four APIs."""
        touched, journal.touched = sorted(journal.touched), set()
        for sku in touched:
            sums = {code: total for (name, code), total in journal.on_hand.items() if name == sku}
            stock = self.read(client, f"/inventory/v1/items/{sku}/stock")
            shown = {place["code"]: place["on_hand"] for place in stock["locations"]}
            self.compare(journal, sku, {**dict.fromkeys(shown, 0), **sums}, {**dict.fromkeys(sums, 0), **shown})
            self.compare(journal, sku, sum(sums.values()), stock["on_hand"])
            code = self.chance.choice(sorted(sums))
            balance = self.read(client, f"/v1/inventory/balance?sku={sku}&warehouse={code}")
            self.compare(journal, sku, sums[code], balance["balance"])
            self.compare(journal, sku, sums[code], self.read(client, f"/api/v1/skus/code/{sku}_{code}")["qty"])
            seller = self.read(client, f"/api/inventory/{sku}")
            self.compare(journal, sku, sum(sums.values()), seller["total_on_hand"])
            self.compare(journal, sku, journal.names[sku], seller["title"])

    @staticmethod
    def read(client, path):
        answer = client.get(path)
        if answer.status != 200:
            raise Violation(f"{path}: {answer}")
        return answer.json()

    @staticmethod
    def compare(journal, sku, expected, shown):
        if expected != shown:
            raise Violation(f"{journal.realm.name}: {sku} is shown as {shown}, the journal says {expected}")

    def replay(self, clients):
        """Sends settled writes again: each must get its first answer, under whichever key of the realm."""
        now = self.world.register.clock()
        sample = self.chance.sample(self.settled, min(self.REPLAYS, len(self.settled)))
        for write in [*sample, *self.last.values()]:
            if now - write.settled_at > self.KEPT:
                continue
            again = self.world.insist(write, clients[write.realm.name])
            if difference := write.difference(again):
                raise Violation(f"{write}\n    first answered {write.answer}\n    sent again: {difference}")
            self.world.register.add_replay()

    def verify(self):
        """Chain and projections, by the program's own proof."""
        if complaint := self.world.servers[0].verify():
            raise Violation(f"bincard verify: {complaint}")
