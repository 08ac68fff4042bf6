"""No more memory: the server's data is limited to hardly more than it has, and requests that need more come in."""
import re
import shutil
import subprocess
import threading
import time

from faults.fault import Fault
from ledgerserver import Client, ConnectionLost


class Memory(Fault):
    name = "memory"
    cycles = {"sqlite": 10, "postgres": 5}
    quick = {"sqlite": 1}
    PATIENCE = 5

    @classmethod
    def missing(cls):
        return None if shutil.which("prlimit") else "it needs prlimit"

    def prepare(self):
        # Else the runtime holds the process while it looks for what was wrong.
        self.server.environment["SWIFT_BACKTRACE"] = "enable=no"

    def strike(self, load):
        limit = self.data_size() + self.chance.choice([0, 1 << 18, 1 << 20, 1 << 22])
        subprocess.run(["prlimit", "--pid", str(self.server.child.pid), f"--data={limit}"], check=True)
        greedy = [threading.Thread(target=self.ask_for_much, daemon=True) for _ in range(6)]
        for thread in greedy:
            thread.start()
        deadline = time.monotonic() + self.PATIENCE
        while self.server.is_running() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.notes["ran on" if self.server.is_running() else f"ended with {self.server.child.exit_status()}"] += 1
        # A server that gets along with what it has is killed, so that its successor has no limit.
        self.server.kill()
        for thread in greedy:
            thread.join(self.PATIENCE)
        self.server.start()
        load.wait_for_progress(20)

    def data_size(self):
        """Bytes that it can write to and that are its own."""
        with open(f"/proc/{self.server.child.pid}/status") as file:
            return int(re.search(r"VmData:\s+(\d+) kB", file.read()).group(1)) << 10

    def ask_for_much(self):
        """Pages of the journal and bodies that are as large as allowed, until the connection breaks."""
        client = Client(self.server.port, self.world.realms[0].keys[0], timeout=2)
        large = {"movements": [{"item_id": "S0", "type": "receipt", "qty": 1, "note": "n" * 900}] * 1_000}
        try:
            for number in range(200):
                client.get("/v1/events?after=0&limit=1000")
                # Refused, for it has a field too many; but read it must be.
                client.post("/inventory/v1/movements/batch", {**large, "unknown": number}, "large")
        except ConnectionLost:
            pass
        finally:
            client.close()
