"""A power cut: of what the server wrote and did not sync a random part is gone, torn at sectors and out of order."""
import os
import pathlib
import shutil
import subprocess

from disk_image import DiskImage
from faults.fault import Fault
from journal import Violation


class PowerCut(Fault):
    name = "power-cut"
    cycles = {"sqlite": 60}
    quick = {"sqlite": 2}
    # The log of what was delivered is synced once in a second.
    twice_per_fault = 4_000
    tenants = 0

    @classmethod
    def missing(cls):
        return None if shutil.which("cc") else "it needs a C compiler"

    def prepare(self):
        folder = self.world.folder
        source = pathlib.Path(__file__).resolve().parents[1] / "write_log.c"
        library = folder / "write_log.so"
        subprocess.run(
            ["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"], check=True)
        self.server.data.mkdir()
        self.server.environment = {
            "LD_PRELOAD": str(library), "WRITE_LOG_ROOT": os.path.realpath(self.server.data),
            "WRITE_LOG": str(folder / "write.log")}
        self.disk = DiskImage(self.server.data, folder / "write.log")

    def strike(self, load):
        fresh = self.begin_a_ledger() if self.chance.random() < 0.5 else None
        self.server.kill()
        load.call_off()
        self.cut()
        self.server.environment.pop("WRITE_LOG_SHORT", None)
        if self.chance.random() < 0.3:
            self.notes["runs with short writes"] += 1
            self.server.environment["WRITE_LOG_SHORT"] = "1"
        self.server.start()
        if fresh:
            answer = self.server.client(fresh).get("/inventory/v1/items/FIRST")
            if answer.status != 200:
                raise Violation(f"a tenant's key and its ledger's first entry were acknowledged and are gone: {answer}")

    def begin_a_ledger(self):
        """Makes a tenant, whose files are new, and its first entry; gives its key."""
        self.tenants += 1
        self.notes["new ledgers"] += 1
        key = self.server.make_key(f"fresh-{self.tenants}")
        answer = self.server.client(key).post("/inventory/v1/items", {"sku": "FIRST", "name": "First"}, "first")
        return key if answer.status == 201 else None

    def cut(self):
        self.disk.read_log()
        if complaint := self.disk.difference():
            raise RuntimeError(f"the log of writes is not complete: {complaint}")
        if not self.disk.syncs:
            raise RuntimeError("no sync was seen: the log shows nothing")
        self.notes["unsynced changes"] += self.disk.cut(self.chance)
        self.notes["syncs"] += self.disk.syncs
        self.disk = DiskImage(self.server.data, self.disk.log)


class LyingDisk(PowerCut):
    """A power cut on a disk that says it has synced and has not. Nobody can keep a promise on it: the judge must
    notice, which shows that the power cuts of `PowerCut` are real."""

    name = "lying-disk"
    cycles = {"sqlite": 1}
    quick = {"sqlite": 1}
    must_be_noticed = True

    def strike(self, load):
        # What was there before is safe: the lie begins with a start on a disk that has everything.
        self.server.kill()
        load.call_off()
        load.finish()
        self.disk = DiskImage(self.server.data, self.disk.log)
        self.server.environment["WRITE_LOG_LIE"] = "1"
        self.server.start()
        again = self.world.load()
        try:
            again.wait_for_progress(50)
        finally:
            self.server.kill()
            again.finish()
        self.disk.read_log()
        self.disk.cut(self.chance, survival=0)
        del self.server.environment["WRITE_LOG_LIE"]
        self.server.start()
