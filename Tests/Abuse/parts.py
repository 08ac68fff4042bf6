"""What there is to do to a server, and which of it one server goes through."""

from boundaries import NumberBoundaries
from json_suite import JSONSuite
from slow_clients import SlowClients
from smuggling import Smuggling
from structure import StructureFuzzing
from wrong_keys import WrongKeys

PARTS = {part.name: part for part in (JSONSuite, StructureFuzzing, NumberBoundaries, Smuggling, SlowClients, WrongKeys)}


class Plan:
    """A server and the parts that it goes through."""

    def __init__(self, name, engine, parts, settings=()):
        self.name, self.engine, self.parts, self.settings = name, engine, parts, settings


SESSIONS = [
    Plan("requests", "sqlite", ["json suite", "structure", "boundaries", "smuggling"]),
    Plan("load", "sqlite", ["slow clients", "wrong keys"]),
    Plan("requests", "postgres", ["json suite", "boundaries"]),
]
