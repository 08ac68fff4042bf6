"""A full disk: a small file system in memory that somebody else fills, and clears again."""
import errno
import os
import subprocess
import time

from faults.fault import Fault
from journal import Violation
from ledgerserver import StartFailed


class FullDisk(Fault):
    """The data directory, or PostgreSQL's, is on it. Needs a mount namespace of the harness's own: see __main__.py."""

    name = "full-disk"
    cycles = {"sqlite": 10, "postgres": 6}
    quick = {"sqlite": 1}
    MEGABYTES = {"sqlite": 48, "postgres": 400}

    @classmethod
    def missing(cls):
        return None if os.environ.get("CRASH_OWN_MOUNTS") else "it needs the permission to mount"

    def prepare(self):
        cluster = self.world.cluster
        self.disk = cluster.folder if cluster else self.server.data
        if cluster:
            cluster.stop("fast")
            subprocess.run(["mv", cluster.folder, f"{cluster.folder}-moved"], check=True)
        self.disk.mkdir()
        size = self.MEGABYTES[self.world.engine]
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", self.disk], check=True)
        if cluster:
            subprocess.run(["cp", "-a", f"{cluster.folder}-moved/.", cluster.folder], check=True)
            cluster.configure(["max_wal_size = '64MB'", "min_wal_size = '32MB'"])
            cluster.start()

    def strike(self, load):
        room = self.fill(self.chance.choice([0, 8, 64, 256]) << 10)
        refused = self.wait_for_refusal(load)
        self.check_reads(refused)
        if self.chance.random() < 0.4 and not self.world.cluster:
            self.start_without_room()
        os.remove(room)
        if self.world.cluster and not self.world.cluster.postmaster.is_running():
            self.notes["PostgreSQL ended"] += 1
            self.world.cluster.start()
        if not self.server.is_running():
            self.server.start()
        load.wait_for_progress(20)

    def fill(self, leaving):
        """Takes all room but so many bytes."""
        path = self.disk / "room"
        with open(path, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError as full:
                if full.errno != errno.ENOSPC:
                    raise
            file.truncate(max(0, file.tell() - leaving))
        return path

    def wait_for_refusal(self, load, seconds=15):
        """Waits until writers are refused, and gives the codes that they see."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            codes = {code for writer in load.writers if writer.pending for code in list(writer.pending.failures)}
            if codes:
                time.sleep(0.3)
                self.notes.update(codes)
                return codes
            time.sleep(0.02)
        raise RuntimeError("the disk never became full")

    def check_reads(self, refused):
        """SQLite's server says what is missing, stays, and goes on showing what there is."""
        if self.world.cluster:
            return
        if refused != {"storage_full"}:
            raise Violation(f"on a full disk writes were refused with {refused}")
        for path in ("/v1/inventory/balance?sku=S0", "/inventory/v1/items/S0/stock", "/livez"):
            answer = self.server.client(self.world.realms[0].keys[0]).get(path)
            if answer.status != 200:
                raise Violation(f"on a full disk {path} is {answer}")

    def start_without_room(self):
        """Kills the server; its successor comes up, or says that there is no room."""
        self.server.kill()
        try:
            self.server.start()
            self.notes["started on the full disk"] += 1
        except StartFailed as failure:
            if self.server.child.exit_status() != 75 or "the disk is full" not in str(failure):
                raise
            self.notes["start refused for want of room"] += 1

    def clean_up(self):
        """Leaves nothing mounted."""
        subprocess.run(["umount", "--lazy", self.disk])
