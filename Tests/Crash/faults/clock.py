"""The wall clock jumps, by seconds, hours and more than a day, and crosses midnight and the switches of summer time."""
import collections
import datetime
import glob
import os
import time

from faults.fault import Fault
from journal import Violation, feed
from ledgerserver import wait_until
from realm import SECRET

HOUR = 3600
DELAYS = [5, 300, HOUR // 2, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]
"""Seconds from one attempt to deliver to the next; it may be a tenth more."""
DAY = 24 * HOUR
KEPT = DAY
"""How long an idempotency key is kept, in seconds of the ledger's time, which never goes back."""


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class ClockJumps(Fault):
    name = "clock-jumps"
    cycles = {"sqlite": 16, "postgres": 8}
    quick = {"sqlite": 1}
    ZONE = "America/New_York"
    START = None
    """When the server believes to start; None for the true time."""
    JUMPS = [-HOUR, 5 * 60, -1, 1, -25 * HOUR, 26 * HOUR, HOUR, -10 * 60]
    RETRIED_WITHIN = 12
    """Seconds within which a delivery that failed once is tried again: 5, a tenth more, and some for a slow machine."""

    @classmethod
    def shim(cls):
        return next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)

    @classmethod
    def missing(cls):
        return None if cls.shim() else "it needs libfaketime: scripts/install-dependencies test"

    def prepare(self):
        self.file = self.world.folder / "clock"
        self.begun = time.time() - 1
        self.turn = 0
        self.latest = 0
        self.set(instant(self.START).timestamp() - time.time() if self.START else 0)
        self.server.environment |= {
            "LD_PRELOAD": self.shim(), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1", "TZ": self.ZONE}
        self.world.register.clock = self.ledger_time

    def set(self, offset):
        """From now on the server's clock is so many seconds ahead of the true one."""
        self.offset = round(offset)
        self.world.offsets.add(self.offset)
        draft = self.file.with_suffix(".new")
        draft.write_text(f"{self.offset:+}s\n")
        os.rename(draft, self.file)

    def ledger_time(self):
        """What the ledger labels its next entry with, about."""
        self.latest = max(self.latest, time.time() + self.offset)
        return self.latest

    def strike(self, load):
        if self.turn == 0:
            load.finish()
            self.settle()
            self.check_expiry()
            self.check_dead_letters()
        seconds = self.JUMPS[self.turn % len(self.JUMPS)]
        self.turn += 1
        self.notes[f"{seconds:+} s"] += 1
        # A key that is older than a day is free again: nothing may be unsettled then.
        if time.time() + self.offset + seconds - self.ledger_time() > KEPT - HOUR:
            load.finish()
            self.settle()
        self.set(self.offset + seconds)
        if load.is_over.is_set():
            load = self.world.load()
        load.wait_for_progress(40)
        load.finish()
        self.settle()
        if seconds < -self.RETRIED_WITHIN:
            self.check_retries()
        self.check_past()

    def settle(self):
        for writer in self.world.writers:
            if writer.pending:
                writer.settle(self.world.insist(writer.pending))

    def check_expiry(self):
        """A key is replayed for 24 hours and is free after that."""
        client = self.server.client(self.server.make_key("clockwork", "test", "--unlimited"))
        client.post("/inventory/v1/items", {"sku": "A", "name": "A"}, "item")
        client.post("/inventory/v1/locations", {"code": "L", "name": "L"}, "location")

        def move():
            answer = client.post(
                "/v1/inventory/ledger", {"sku": "A", "warehouse": "L", "delta": 1, "reason": "clock"}, "one")
            return answer.status, answer.json()["balance"], answer.headers.get("idempotent-replayed")

        # The ledger's own time goes on, since this tenant has a ledger to itself.
        start, seen = self.offset, [move()]
        for ahead in (KEPT - 60, KEPT + HOUR + 60):
            self.set(start + ahead)
            seen.append(move())
        self.set(start)
        if seen != [(200, 1, None), (200, 1, "true"), (200, 2, None)]:
            raise Violation(f"a key at once, just before 24 hours and after 25: {seen}")

    def check_dead_letters(self):
        """What is never taken is tried ten times over three days, and is a dead letter then, not before."""
        client = self.server.client(self.server.make_key("dead-letters", "test", "--unlimited"))
        url = f"http://127.0.0.1:{self.world.receiver.port}/broken/dead-letters"
        made = client.post("/inventory/v1/webhooks", {"url": url, "events": ["item.created"], "secret": SECRET}, "hook")
        path = f"/inventory/v1/webhooks/{made.json()['id']}/deliveries?status="
        for sku in "ABC":
            client.post("/inventory/v1/items", {"sku": sku, "name": sku}, sku)

        def are(status, attempts):
            return [row["attempts"] for row in client.get(path + status).json()["data"]] == [attempts] * 3

        start = self.offset
        for attempts, delay in enumerate(DELAYS, 1):
            wait_until(lambda: are("pending", attempts), f"attempt {attempts} of 10", 20)
            self.set(self.offset + delay * 1.1 + 5)
            # A clock that was set forward is noticed when something happens, or within a minute.
            client.request("PATCH", "/inventory/v1/items/A", {"name": f"after {attempts}"}, f"rename-{attempts}")
        wait_until(lambda: are("dead", 10), "three dead letters", 20)
        self.notes["dead letters"] += 3
        self.set(start)

    def check_retries(self):
        """Deliveries that failed once are not put off by a clock that was set back."""
        for realm in self.world.realms:
            for endpoint in realm.endpoints:
                client = self.world.any_client(realm)
                path = f"/inventory/v1/webhooks/{endpoint.id}/deliveries?status=pending&limit=100"
                waiting = {row["event_id"] for row in client.get(path).json()["data"] if row["attempts"] == 1}
                self.notes["retries awaited"] += len(waiting)
                deadline = time.monotonic() + self.RETRIED_WITHIN
                while waiting and time.monotonic() < deadline:
                    time.sleep(0.2)
                    waiting &= {row["event_id"] for row in client.get(path).json()["data"] if row["attempts"] == 1}
                client.close()
                if waiting:
                    raise Violation(f"{endpoint.path}: {len(waiting)} deliveries wait for the clock: {waiting}")

    def check_past(self):
        """What is asked for by day or by time is what the entries' own labels say, whatever the zone and the clock."""
        realm = self.world.realms[0]
        client = self.world.any_client(realm)
        days, moved = collections.Counter(), []
        for event, _ in feed(client):
            data = event["data"]
            if event["type"] == "movement.recorded" and data["sku"] == "S0":
                days[event["timestamp"][:10]] += 1
                sides = [(data["warehouse"], data["on_hand"])]
                sides += [(data["to"]["warehouse"], data["to"]["on_hand"])] if data.get("to") else []
                moved.append((event["timestamp"], sides))
        for day, count in days.items():
            shown = self.count(client, f"/api/inventory/S0/adjustments?start_date={day}&end_date={day}&limit=200")
            if shown != count:
                raise Violation(f"{count} movements of S0 are of {day}, shown are {shown}")
        for moment, _ in self.chance.sample(moved, min(5, len(moved))):
            then = {code: on_hand for at, sides in moved if at <= moment for code, on_hand in sides}
            for code, on_hand in then.items():
                shown = client.get(f"/v1/inventory/balance?sku=S0&warehouse={code}&as_of={moment}")
                if shown.status != 200 or shown.json()["balance"] != on_hand:
                    raise Violation(f"S0 at {code} had {on_hand} as of {moment}, the answer is {shown}")
        client.close()

    def clean_up(self):
        """Removes what libfaketime leaves in shared memory when its process is killed."""
        for path in glob.glob("/dev/shm/*faketime_s*_*"):
            is_ours = os.stat(path).st_mtime >= self.begun
            if is_ours and not os.path.exists(f"/proc/{path.rpartition('_')[2]}"):
                os.remove(path)

    @staticmethod
    def count(client, path):
        found, cursor = 0, ""
        while True:
            page = client.get(path + cursor).json()
            found += len(page["data"])
            if not page["meta"].get("nextCursor"):
                return found
            cursor = f"&cursor={page['meta']['nextCursor']}"


class SummerTimeBegins(ClockJumps):
    """The night in which New York loses an hour, and the midnight of UTC behind it."""

    name = "clock-new-york"
    cycles = {"sqlite": 4, "postgres": 4}
    quick = {}
    START = "2027-03-14T06:59:56Z"
    JUMPS = [1, HOUR, 15 * HOUR + 59 * 60 + 30, -HOUR]


class SummerTimeEnds(ClockJumps):
    """The night in which Berlin has an hour twice, and its midnights."""

    name = "clock-berlin"
    cycles = {"sqlite": 4, "postgres": 4}
    quick = {}
    ZONE = "Europe/Berlin"
    START = "2027-10-30T21:59:56Z"
    JUMPS = [1, 3 * HOUR - 20, HOUR, 22 * HOUR + 30]
