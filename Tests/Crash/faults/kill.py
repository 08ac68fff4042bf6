"""kill −9 at a random moment of the load, and now and then of the start after it."""
import time

from faults.fault import Fault


class Kill(Fault):
    name = "kill"
    cycles = {"sqlite": 200, "postgres": 200}
    quick = {"sqlite": 5, "postgres": 2}
    webhooks_every = {"sqlite": 1, "postgres": 4}

    def strike(self, load):
        self.server.kill()
        if self.chance.random() < 0.5:
            load.call_off()  # Else the writers go on asking, and settle what is unknown by themselves.
        while self.chance.random() < 0.2:
            self.server.launch()
            time.sleep(self.chance.uniform(0.005, 0.1))
            self.server.kill()
            self.notes["starts killed"] += 1
        self.server.start()
        if not load.is_over.is_set():
            load.wait_for_progress(20)
