"""What every fault is: something that happens to a world under load, and the way back."""
import collections


class Fault:
    """
    name: on the command line and in the table.
    cycles: on which engines, and how often it strikes there in the whole run.
    quick: the same for `make test`.
    servers: how many share the database.
    """

    name = None
    cycles = {}
    quick = {}
    servers = 1
    webhooks_every = {"sqlite": 1, "postgres": 1}
    """After how many strikes deliveries are judged. Over a database each server that is killed delays them by 10 s."""
    twice_per_fault = 64
    """Deliveries to one endpoint that one strike may repeat: what was under way, or answered and not yet noted."""
    must_be_noticed = False
    """Whether it breaks what nobody could keep, so that the judge has to find a violation."""

    def __init__(self, world):
        self.world = world
        self.chance = world.chance
        self.server = world.servers[0]
        self.notes = collections.Counter()
        """What happened, in words: shows that the fault did strike."""

    @classmethod
    def missing(cls):
        """What this machine lacks for it, None when nothing."""
        return None

    def prepare(self):
        """Before the servers start for the first time."""

    def strike(self, load):
        """Strikes while the load runs, and brings everything back; the load may be over afterwards or not."""
        raise NotImplementedError

    def clean_up(self):
        """After the end of all processes, whatever became of them."""
