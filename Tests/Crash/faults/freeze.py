"""SIGSTOP: a process stands still in the middle of anything, longer than clients wait, and goes on, or is killed."""
import time

from faults.fault import Fault


class Freeze(Fault):
    name = "freeze"
    cycles = {"sqlite": 10, "postgres": 10}
    quick = {"sqlite": 1}

    def strike(self, load):
        self.server.freeze()
        time.sleep(self.chance.choice([0.1, 0.5, 4]))
        if self.chance.random() < 0.3:
            self.server.kill()
            self.notes["killed while it stood still"] += 1
            self.server.start()
        else:
            self.server.thaw()
        load.wait_for_progress(20)
