"""Writers that behave as integrators should: one write after the other, and the same one again under the same key
until a definite answer comes."""
import random
import threading
import time

from ledgerserver import Client, ConnectionLost
from repertoire import Repertoire


class Writer:
    """One writer of one realm. Its unsettled write outlives the load that it was sent in."""

    REPLAYED_AT_ONCE = 0.04
    READ_BACK = 0.06

    def __init__(self, realm, number, register, seed):
        self.realm, self.register = realm, register
        self.name = f"{realm.name}-{number}"
        self.chance = random.Random(f"{seed}-{self.name}")
        self.repertoire = Repertoire(realm, self.name, self.chance)
        self.pending = None
        self.acknowledged = 0
        self.violations = []

    def run(self, load):
        """Writes until the load is over."""
        clients = {port: Client(port, self.chance.choice(self.realm.keys), load.patience) for port in load.ports}
        try:
            while not load.is_over.is_set():
                if self.pending is None:
                    self.pending = self.repertoire.next()
                    self.register.expect(self.pending)
                client = clients[self.chance.choice(load.ports)]
                if self.attempt(client):
                    load.is_over.wait(self.chance.uniform(0, 2 * load.pause))
                else:
                    load.is_over.wait(0.02 + 0.05 * min(10, len(self.pending.failures)) * self.chance.random())
        finally:
            for client in clients.values():
                client.close()

    def attempt(self, client):
        """Sends the pending write once; true when it is settled."""
        write = self.pending
        try:
            answer = write.send(client)
        except ConnectionLost as lost:
            write.failures.append(str(lost).split(":")[0])
            return False
        if answer is None:
            return False
        self.settle(answer)
        if write.answer.status < 400 and not self.violations:
            self.look_again(write, client)
        return True

    def settle(self, answer):
        """Takes the definite answer to the pending write."""
        write, self.pending = self.pending, None
        if not write.is_expected(answer):
            self.violations.append(f"{write}\n    was answered {answer}")
        write.settle(answer)
        self.register.add_settled(write)
        self.acknowledged += 1

    def look_again(self, write, client):
        """Now and then repeats what was just answered, or reads it: both while the load goes on."""
        try:
            if self.chance.random() < self.READ_BACK:
                self.read_own_level(client)
            elif self.chance.random() < self.REPLAYED_AT_ONCE:
                again = write.send(client)
                if again and (difference := write.difference(again)):
                    self.violations.append(f"{write}\n    sent again: {difference}")
                elif again:
                    self.register.add_replay()
        except ConnectionLost:
            pass

    def read_own_level(self, client):
        """Nobody else writes this level: what is read is what was acknowledged."""
        level = self.repertoire.own_level()
        answer = client.get(f"/inventory/v1/items/{self.repertoire.sku}/stock")
        if answer.status != 200:
            return
        shown = {place["code"]: place["on_hand"] for place in answer.json()["locations"]}.get(level.code, 0)
        if shown != level.quantity:
            self.violations.append(
                f"{self.repertoire.sku} at {level.code} is read as {shown}, but {level.quantity} was acknowledged")


class Load:
    """All writers at once, on threads."""

    def __init__(self, writers, ports, pause=0.01, patience=3):
        """
        ports: of the servers, of which each write takes any.
        pause: seconds between two writes of a writer, on average.
        patience: seconds that a writer waits for an answer.
        """
        self.writers, self.ports, self.pause, self.patience = writers, list(ports), pause, patience
        self.is_over = threading.Event()
        self.before = self.acknowledged()
        self.threads = [threading.Thread(target=writer.run, args=(self,), daemon=True) for writer in writers]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def acknowledged(self):
        return sum(writer.acknowledged for writer in self.writers)

    def wait_for_progress(self, count, seconds=30, meanwhile=lambda: None):
        """
        Waits until so many more writes are acknowledged: TimeoutError when the service does not come back.
        meanwhile: is called again and again, as a supervisor would look after the processes.
        """
        goal, deadline = self.acknowledged() + count, time.monotonic() + seconds
        while self.acknowledged() < goal:
            meanwhile()
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {count} writes were acknowledged within {seconds} s")
            time.sleep(0.01)

    def call_off(self):
        """Tells the writers to stop; `finish` waits for them."""
        self.is_over.set()

    def finish(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join(60)
            if thread.is_alive():
                raise TimeoutError("a writer does not end")
