"""Each way to fail, by name: how often by default on each engine, and how often in `make test`."""
from faults.clock import ClockJumps, SummerTimeBegins, SummerTimeEnds
from faults.database import Backends, DatabaseCrash, Network, Servers
from faults.freeze import Freeze
from faults.full_disk import FullDisk
from faults.injection import Injection
from faults.kill import Kill
from faults.memory import Memory
from faults.power_cut import LyingDisk, PowerCut

FAULTS = {
    fault.name: fault for fault in [
        Kill, PowerCut, LyingDisk, Freeze, Injection, FullDisk, Memory, ClockJumps, SummerTimeBegins,
        SummerTimeEnds, DatabaseCrash, Backends, Network, Servers]}
