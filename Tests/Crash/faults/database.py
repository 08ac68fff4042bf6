"""PostgreSQL crashes, loses its backends, or is cut off, while servers write to it."""
import contextlib
import os
import signal
import time

from faults.fault import Fault
from proxy import Proxy


class DatabaseCrash(Fault):
    """`pg_ctl stop -m immediate`, or SIGKILL for all its processes; at times the server is killed with it."""

    name = "database-crash"
    cycles = {"postgres": 15}
    quick = {"postgres": 1}

    def strike(self, load):
        if self.chance.random() < 0.5:
            self.world.cluster.stop("immediate")
        else:
            self.world.cluster.kill()
        both = self.chance.random() < 0.3
        if both:
            self.notes["the server too"] += 1
            self.server.kill()
        time.sleep(self.chance.uniform(0, 1))
        self.world.cluster.start()
        if both:
            self.server.start()
        load.wait_for_progress(20)


class Backends(Fault):
    """Backends are ended one by one, or one is killed, upon which PostgreSQL ends all others; or one stands still."""

    name = "backends"
    cycles = {"postgres": 15}
    quick = {}
    twice_per_fault = 4 * 64
    """A strike is up to four, and the store of deliveries may have been opened again between them."""
    OURS = "FROM pg_stat_activity WHERE datname = 'bincard' AND pid <> pg_backend_pid()"

    def strike(self, load):
        how = self.chance.choice([self.terminate, self.kill_one, self.stop_one])
        self.notes[how.__name__] += 1
        for _ in range(self.chance.randint(1, 4)):
            how()
            time.sleep(self.chance.uniform(0, 0.2))
        load.wait_for_progress(20)

    def terminate(self):
        for _ in range(10):
            self.sql(f"SELECT pg_terminate_backend(pid) {self.OURS} ORDER BY random() LIMIT 2")

    def kill_one(self):
        self.signal(signal.SIGKILL)

    def stop_one(self):
        pid = self.signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0, 2))
        self.send(pid, signal.SIGCONT)

    def signal(self, number):
        """Sends a signal to one of the backends that work for the server."""
        found = self.sql(f"SELECT pid {self.OURS} ORDER BY state = 'active' DESC, random() LIMIT 1")
        self.send(int(found or 0), number)
        return int(found or 0)

    @staticmethod
    def send(pid, number):
        """PostgreSQL may have ended it meanwhile, because of the last strike."""
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def sql(self, statement):
        """As soon as PostgreSQL lets anybody in: it may be starting anew because of the last strike."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.world.cluster.sql(statement)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


class Network(Fault):
    """The way to the database breaks: connections are reset, answers are swallowed so that commits are done and nobody
    knows, or nothing comes through for a while."""

    name = "network"
    cycles = {"postgres": 15}
    quick = {"postgres": 1}

    def prepare(self):
        self.proxy = Proxy(self.world.cluster.port)
        self.server.database = self.world.cluster.server_url("bincard", self.proxy.port)

    def strike(self, load):
        how = self.chance.choice(["cut", "swallow", "swallow", "hang", "refuse"])
        self.notes[how] += 1
        if how == "cut":
            for _ in range(5):
                self.proxy.cut()
                time.sleep(self.chance.uniform(0, 0.1))
        elif how == "swallow":
            self.proxy.swallow_and_cut(self.chance.uniform(0, 0.05))
        elif how == "hang":
            self.proxy.hold()
            time.sleep(self.chance.uniform(0.1, 4))
            if self.chance.random() < 0.5:
                self.proxy.cut()
            self.proxy.let_through()
        else:
            self.proxy.refuse()
            self.proxy.cut()
            time.sleep(self.chance.uniform(0.1, 2))
            self.proxy.let_through()
        load.wait_for_progress(20)

    def clean_up(self):
        self.proxy.close()


class Servers(Fault):
    """Three servers share the database; one is killed, stands still, or is cut off from it. The others go on."""

    name = "several-servers"
    cycles = {"postgres": 15}
    quick = {}
    servers = 3

    def prepare(self):
        self.proxy = Proxy(self.world.cluster.port)
        self.world.servers[2].database = self.world.cluster.server_url("bincard", self.proxy.port)

    def strike(self, load):
        how = self.chance.choice([self.kill, self.freeze, self.cut_off])
        self.notes[how.__name__] += 1
        how(load)
        load.wait_for_progress(30)

    def kill(self, load):
        victim = self.chance.choice(self.world.servers)
        victim.kill()
        load.wait_for_progress(10)
        victim.start()

    def freeze(self, load):
        victim = self.chance.choice(self.world.servers)
        victim.freeze()
        time.sleep(self.chance.uniform(0.1, 3))
        victim.thaw()

    def cut_off(self, load):
        self.proxy.refuse()
        self.proxy.cut()
        load.wait_for_progress(10)
        self.proxy.let_through()

    def clean_up(self):
        self.proxy.close()
