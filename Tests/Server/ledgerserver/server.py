"""A server process that can be started, stopped, killed and started again on the same folder and port."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from .client import Client, ConnectionLost
from .installation import BINARY
from .process import Child, free_port, wait_until


class StartFailed(Exception):
    """The server ended, or did not come up in time; the message has what it said last."""


class LedgerServer:
    """`bincard serve` on a folder of its own; over a PostgreSQL when a database is named.

    Attributes that may be changed between two starts: `settings`, `environment`, `under`, `binary`.
    """

    def __init__(self, folder, database=None, settings=(), environment=None, under=(), binary=BINARY, data=None):
        """
        folder: for its logs, and for its data unless `data` says where else.
        database: a connection string of the server's role; None for SQLite.
        settings: lines `name=value` of the configuration, beside what every harness needs.
        environment: variables beside this process's, for the server and for commands on its data.
        under: a program and its arguments that run the server, such as strace.
        """
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = pathlib.Path(data or self.folder / "data")
        self.database, self.settings, self.under, self.binary = database, list(settings), list(under), binary
        self.environment = dict(environment or {})
        self.port = free_port()
        self.child = None
        self.starts = 0

    @property
    def said(self):
        """Its standard output, of all starts."""
        return self.folder / "server.out"

    @property
    def log(self):
        """Its standard error, of all starts."""
        return self.folder / "server.log"

    def share_keys(self, other):
        """Takes over the keys of another server's folder, as servers over one database need."""
        self.data.mkdir(parents=True, exist_ok=True)
        for name in ("database.key", "secret.key"):
            if (other.data / name).exists():
                shutil.copy(other.data / name, self.data / name)

    def launch(self):
        """Starts the process and does not wait until it is ready."""
        command = [self.binary, "serve", "--data", self.data, "--port", self.port]
        if self.database:
            command += ["--database", self.database]
        for setting in ["webhook-allow=127.0.0.0/8", "rate=1000000", "burst=1000000", *self.settings]:
            command += ["--set", setting]
        self.child = Child(
            [*self.under, *command], self.said, self.log, env=self.whole_environment(), cwd=self.folder)
        self.starts += 1

    def start(self, seconds=30):
        """Starts it and waits until it says that it is ready; gives the seconds that took. Raises StartFailed."""
        begun = time.monotonic()
        self.launch()
        self.wait_until_ready(seconds)
        return time.monotonic() - begun

    def wait_until_ready(self, seconds=30):
        deadline = time.monotonic() + seconds
        client = Client(self.port, timeout=5)
        try:
            while time.monotonic() < deadline and self.child.is_running():
                try:
                    if client.get("/readyz").status == 200:
                        return
                except ConnectionLost:
                    pass
                time.sleep(0.005)
        finally:
            client.close()
        status = self.child.exit_status()
        raise StartFailed(f"exit status {status}; its log ends with:\n{self.last_words()}")

    def is_running(self):
        return self.child is not None and self.child.is_running()

    def kill(self):
        """SIGKILL, and waits until it is gone."""
        return self.child.kill()

    def stop(self):
        """SIGTERM, and its exit status."""
        return self.child.stop()

    def freeze(self):
        """SIGSTOP: the process is there and does nothing."""
        self.child.send(signal.SIGSTOP)

    def thaw(self):
        self.child.send(signal.SIGCONT)

    def client(self, key=None, timeout=10):
        return Client(self.port, key or self.first_key(), timeout)

    def first_key(self):
        """The test key that the first start printed, with every scope."""
        def printed():
            return re.search(r"sk_test_\w+", self.said.read_text(errors="replace"))

        # It may be ready a moment before it has said so.
        try:
            return wait_until(printed, "a key", 5).group(0)
        except TimeoutError:
            raise StartFailed(f"no key was printed; the log ends with:\n{self.last_words()}") from None

    def make_key(self, tenant, mode="test", *arguments):
        """Makes a key, and its tenant when that is new, beside the running server; gives the secret."""
        answer = self.run("keys", "create", "--tenant", tenant, "--mode", mode, "--format", "json", *arguments)
        if answer.returncode != 0:
            raise RuntimeError(f"keys create: {answer.stderr}")
        return json.loads(answer.stdout)["secret"]

    def verify(self):
        """`bincard verify`: None when every chain and projection holds, else what it says."""
        answer = self.run("verify", "--format", "json")
        return None if answer.returncode == 0 else f"exit {answer.returncode}\n{answer.stdout}{answer.stderr}"

    def run(self, *arguments, seconds=300):
        """A command of the binary on the same data."""
        # Through env: a preloaded library may set variables when it is first loaded, and a program that is then in its
        # place does not find its arguments.
        command = ["env", self.binary, *arguments, "--data", self.data]
        if self.database:
            command += ["--database", self.database]
        return subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=seconds, cwd=self.folder,
            env=self.whole_environment())

    def whole_environment(self):
        """This process's environment without what would set the server up behind the harness's back, and its own."""
        return {name: value for name, value in os.environ.items() if not name.startswith("BINCARD")} | self.environment

    def last_words(self, characters=2000):
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""
