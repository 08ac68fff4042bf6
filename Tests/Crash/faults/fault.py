"""What every fault is: something that happens to a world under load, and the way back."""


class Fault:
    """
    name: on the command line and in the table.
    engines: where it can happen.
    cycles: how often it strikes in the whole run, on each engine.
    quick: how often in `make test`.
    servers: how many share the database.
    """

    name = None
    engines = ("sqlite", "postgres")
    cycles = 5
    quick = 1
    servers = 1
    processes_end = True
    """Whether deliveries may be repeated because the process that sent them ended."""

    def __init__(self, world):
        self.world = world
        self.chance = world.chance
        self.server = world.servers[0]

    @classmethod
    def missing(cls):
        """What this machine lacks for it, None when nothing."""
        return None

    def prepare(self):
        """Before the servers start for the first time."""

    def strike(self, load):
        """Strikes while the load runs, and brings everything back; the load may be over afterwards or not."""
        raise NotImplementedError

    def finish(self):
        """After the last cycle, before the world ends."""
