"""Everything that a fault strikes: servers over one engine, their realms, writers and receiver."""
import random
import time

from journal import Violation
from ledgerserver import ConnectionLost, LedgerServer, PostgresCluster, wait_until
from realm import Realm
from webhooks import ReceiverProcess
from workload import Load, Writer
from writes import Register

SETTINGS = ["webhook-timeout=1", "database-connections=12"]


class World:
    """Made for one fault on one engine, and torn down after its last cycle."""

    WRITERS = 3
    """In each realm."""

    def __init__(self, engine, folder, seed, servers=1):
        """
        engine: sqlite or postgres.
        servers: how many share the database; more than one only of postgres.
        """
        self.engine, self.folder, self.chance = engine, folder, random.Random(seed)
        self.register = Register()
        self.cluster = None
        self.offsets = {0}
        """By how many seconds the servers' clock was ahead of the true one, at any time."""
        self.servers = [LedgerServer(folder / f"server{number}", settings=SETTINGS) for number in range(1, servers + 1)]
        if engine == "postgres":
            self.cluster = PostgresCluster(folder / "postgres")
            self.cluster.start()
            self.cluster.make_database("bincard", self.servers[0])
            for other in self.servers[1:]:
                other.database = self.servers[0].database
        self.receiver = ReceiverProcess(folder)
        self.realms = [Realm("default", "test"), Realm("acme", "test"), Realm("acme", "live")]
        self.writers = [
            Writer(realm, number, self.register, seed) for realm in self.realms for number in range(self.WRITERS)]

    def prepare(self):
        """Starts all servers and makes what the writers need."""
        self.servers[0].start()
        for server in self.servers[1:]:
            server.share_keys(self.servers[0])
            server.start()
        for realm in self.realms:
            realm.prepare(self.servers[0], self.receiver.port)

    def load(self, **how):
        """Begins to write on all servers."""
        return Load(self.writers, [server.port for server in self.servers], **how).start()

    def any_client(self, realm):
        """A client of a realm with any of its keys, to any server that runs."""
        running = [server for server in self.servers if server.is_running()]
        return self.chance.choice(running).client(self.chance.choice(realm.keys), timeout=30)

    def wait_until_healthy(self, seconds=30):
        """Waits until every server answers for every realm: connections to a database come back one by one."""
        for server in self.servers:
            for realm in self.realms:
                client = server.client(realm.keys[0])

                def answers():
                    try:
                        return client.get("/v1/ledger/head").status == 200
                    except ConnectionLost:
                        return False

                wait_until(answers, f"server {server.port} answers for {realm.name}", seconds)
                client.close()

    def insist(self, write, client=None, seconds=30):
        """Sends a write until it has a definite answer. Raises Violation when it gets none."""
        deadline = time.monotonic() + seconds
        client = client or self.any_client(write.realm)
        while True:
            try:
                if answer := write.send(client):
                    return answer
            except ConnectionLost as lost:
                write.failures.append(str(lost).split(":")[0])
            if time.monotonic() > deadline:
                raise Violation(f"{write}\n    is not settled within {seconds} s: {write.failures[-3:]}")
            time.sleep(0.05)

    def stop(self):
        """Ends every process, in whatever state it is."""
        self.receiver.stop()
        for server in self.servers:
            if server.is_running():
                server.kill()
        if self.cluster:
            self.cluster.stop("immediate")
