"""A Bincard server as an operator has it: a process, a folder, a port, a key;
for the harnesses that are written in Python.

`Tests/Crash` and `Tests/Abuse` stand on it. It knows the server by its command line and its published API alone.
"""
from .client import Answer, Client, ConnectionLost
from .installation import BINARY, ROOT, scratch_folder
from .postgres import PostgresCluster
from .process import Child, free_port, wait_until
from .server import LedgerServer, StartFailed

__all__ = [
    "Answer", "BINARY", "Child", "Client", "ConnectionLost", "LedgerServer", "PostgresCluster", "ROOT", "StartFailed",
    "free_port", "scratch_folder", "wait_until",
]
