"""Errors of the disk, put under a running process by strace: a sync that fails, a write that fails, a disk that is full
for a while, a disk that is slow."""
import glob
import os
import shutil
import signal
import subprocess
import time

from faults.fault import Fault
from ledgerserver import Child, wait_until

SYNCS, WRITES = "fsync,fdatasync", "pwrite64,write"


class Injection(Fault):
    """Strikes the server, or the processes of its PostgreSQL."""

    name = "disk-error"
    cycles = {"sqlite": 20, "postgres": 15}
    quick = {"sqlite": 2}
    KINDS = {
        "sync": (SYNCS, "error=EIO:when={count}+"), "one sync": (SYNCS, "error=EIO:when={count}"),
        "write": ("pwrite64", "error=EIO:when={count}+"), "full": ("pwrite64", "error=ENOSPC:when={count}+"),
        "slow": (SYNCS, "delay_enter=150000:when={count}+"),
    }

    FATAL = ("sync", "one sync", "write")

    def __init__(self, world):
        super().__init__(world)
        self.turn = 0
        self.log = world.folder / "strace.log"

    @classmethod
    def missing(cls):
        if not shutil.which("strace"):
            return "it needs strace"
        probe = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True)
        return "processes may not be traced here" if probe.returncode else None

    def strike(self, load):
        names = list(self.KINDS)
        kind = names[self.turn % len(names)]
        self.turn += 1
        calls, what = self.KINDS[kind]
        what = f"inject={calls}:{what.format(count=self.chance.randint(1, 15))}"
        self.log.write_bytes(b"")
        pids = [word for pid in self.victims() for word in ("-p", str(pid))]
        # Where a write fails and no sync does, it is the ledger's log alone: its neighbour may fail without any notice.
        paths = [word for path in self.ledgers() for word in ("-P", path)] if kind in self.FATAL else []
        tracer = Child(
            ["strace", "-f", "-q", "-e", f"trace={calls}", "-e", what, *paths, "-o", self.log, *pids],
            self.world.folder / "strace.out")
        try:
            wait_until(lambda: "INJECTED" in self.log.read_text() or "DELAYED" in self.log.read_text(), kind, 10)
            time.sleep(self.chance.uniform(0.1, 1))
            self.notes[kind] += 1
            # A ledger whose commit could not be synced or written answers nothing more.
            if self.world.engine == "sqlite" and kind in self.FATAL:
                status = self.server.child.wait(10)
                if status != 1:
                    raise RuntimeError(f"after {kind} the server ended with {status}")
        finally:
            tracer.send(signal.SIGTERM)
            tracer.wait(10)
        load.wait_for_progress(20, meanwhile=self.come_back)

    def victims(self):
        if self.world.cluster:
            return [self.world.cluster.postmaster.pid, *self.world.cluster.process_ids()]
        return [self.server.child.pid]

    def ledgers(self):
        """The files that commits of SQLite are synced in."""
        if self.world.cluster:
            return []
        paths = glob.glob(os.path.realpath(self.server.data) + "/realms/*.db-wal")
        return [path for path in paths if ".deliveries." not in path]

    def come_back(self):
        if self.world.cluster and not self.world.cluster.postmaster.is_running():
            self.notes["PostgreSQL ended"] += 1
            self.world.cluster.start()
        if not self.server.is_running():
            self.notes[f"server ended with {self.server.child.exit_status()}"] += 1
            self.server.start()
