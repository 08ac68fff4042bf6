"""Each way to fail, by name: how often by default on each engine, and how often in `make test`."""
from faults.kill import Kill

FAULTS = {fault.name: fault for fault in [Kill]}
