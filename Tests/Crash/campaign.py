"""One fault on one engine, again and again on the same data, judged after each time; and the table of them all."""
import time

from faults import FAULTS
from journal import Violation
from judge import Judge
from ledgerserver import scratch_folder
from webhooks import WebhookJudge
from world import World

COLUMNS = [
    ("fault", 18), ("engine", 9), ("cycles", 7), ("entries", 8), ("acknowledged", 13), ("unknown: 0", 11), ("1", 6),
    ("replays", 8), ("webhooks", 9), ("twice", 6), ("pending", 8), ("dead", 5), ("lost", 5), ("seconds", 8)]


class Campaign:
    """What is struck, how often, and what came of it."""

    def __init__(self, fault, engine, cycles, seed, keep, say):
        """
        seed: of everything random in it.
        keep: whether the folder stays when a promise was broken.
        say: prints a line of progress.
        """
        self.kind, self.engine, self.cycles = FAULTS[fault], engine, cycles
        self.seed, self.keep, self.say = seed, keep, say
        self.violation = None
        self.row = {}
        self.notes = ""

    def run(self):
        """Runs it; afterwards `row` has the figures and `violation` what was not kept."""
        begun = time.monotonic()
        try:
            keep = self.keep and not self.kind.must_be_noticed
            with scratch_folder(f"crash-{self.kind.name}", keep) as folder:
                world = World(self.engine, folder, f"{self.seed}-{self.kind.name}-{self.engine}", self.kind.servers)
                fault = self.kind(world)
                try:
                    self.cycle(world, fault, begun)
                except Exception as failure:
                    failure.add_note(f"the server's log ends with:\n{world.servers[0].last_words()}")
                    raise
                finally:
                    self.notes = ", ".join(f"{what} {count}" for what, count in sorted(fault.notes.items()))
                    world.stop()
                    fault.clean_up()
            if self.kind.must_be_noticed:
                raise RuntimeError("the judge did not notice that writes were lost")
        except Violation as violation:
            if self.kind.must_be_noticed:
                self.row["lost"] = "found"
                self.say(f"    noticed, as it must be: {' '.join(str(violation).split())[:200]}")
            else:
                self.violation = violation
        except Exception as failure:  # Whatever it is, the other campaigns go on, and the run fails.
            self.violation = failure

    def cycle(self, world, fault, begun):
        fault.prepare()
        world.prepare()
        judge = Judge(world, world.chance)
        webhooks = WebhookJudge(world, judge)
        self.row = {"fault": self.kind.name, "engine": self.engine, "lost": "?"}
        said = time.monotonic()
        for cycle in range(1, self.cycles + 1):
            load = world.load()
            try:
                load.wait_for_progress(10)
                time.sleep(world.chance.uniform(0, 0.8))
                fault.strike(load)
            finally:
                load.finish()
            world.wait_until_healthy()
            judge.look()
            if cycle % fault.webhooks_every[self.engine] == 0 or cycle == self.cycles:
                webhooks.look(cycle * fault.twice_per_fault)
            self.row |= self.figures(world, judge, webhooks, cycle, begun)
            if time.monotonic() - said > 20 and cycle < self.cycles:
                said = time.monotonic()
                self.say(f"    {cycle} of {self.cycles}: {self.row['entries']} entries, {self.row['seconds']} s")
        judge.finish()
        for server in world.servers:
            if status := server.stop():
                raise Violation(f"SIGTERM ended a server with {status}")
        self.row |= self.figures(world, judge, webhooks, self.cycles, begun)
        self.row["lost"] = 0

    @staticmethod
    def figures(world, judge, webhooks, cycle, begun):
        return {
            "cycles": cycle, "entries": sum(journal.head for journal in judge.journals.values()),
            "acknowledged": sum(writer.acknowledged for writer in world.writers), "unknown: 0": judge.unknown[0],
            "1": judge.unknown[1], "replays": world.register.replayed, "webhooks": webhooks.delivered,
            "twice": webhooks.twice, "pending": webhooks.pending, "dead": webhooks.dead,
            "seconds": round(time.monotonic() - begun)}


def heading():
    return line({name: name for name, _ in COLUMNS})


def line(row):
    """A line of the table."""
    first, second, *rest = COLUMNS
    return "".join(
        [str(row.get(name, "")).ljust(width) for name, width in (first, second)]
        + [str(row.get(name, "")).rjust(width) for name, width in rest])
