"""A PostgreSQL of the harness's own: in a temporary folder, on a loopback port, durable as in production."""
import os
import pathlib
import shutil
import signal
import subprocess

from .process import Child, free_port, wait_until


class PostgresCluster:
    """One cluster with its databases. It stops with the harness, however that ends."""

    SERVER_ROLE = "bincard_server"

    def __init__(self, folder, settings=()):
        """
        folder: a new folder for it.
        settings: lines of postgresql.conf beside what a test needs.
        """
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.binaries = self.find_binaries()
        self.user = "postgres" if os.getuid() == 0 else None
        if self.user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.port = free_port()
        self.postmaster = None
        self.run(
            "initdb", "--pgdata", self.data, "--username", "owner", "--auth", "trust", "--encoding", "UTF8",
            "--no-locale", "--no-sync")
        # Durable as in production; what is turned down is only what a small machine has no use for.
        self.configure([
            "listen_addresses = '127.0.0.1'", f"port = {self.port}", "unix_socket_directories = ''",
            "max_connections = 200", "shared_buffers = 64MB", "autovacuum_naptime = 5s", *settings])

    def configure(self, settings):
        """Adds lines to postgresql.conf; they count from the next start on."""
        with open(self.data / "postgresql.conf", "a") as file:
            file.write("\n".join(settings) + "\n")

    @staticmethod
    def find_binaries():
        """The folder of the newest version's programs."""
        programs = pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres")
        versions = sorted(programs, key=lambda path: int(path.parts[-3]))
        if not versions:
            raise RuntimeError("PostgreSQL is not installed: scripts/install-dependencies test")
        return versions[-1].parent

    @property
    def data(self):
        return self.folder / "data"

    @property
    def log(self):
        return self.folder / "log"

    def run(self, program, *arguments):
        """Runs one of its programs as the user that owns the cluster; gives what it prints."""
        prefix = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] if self.user else []
        command = [*prefix, self.binaries / program, *arguments]
        answer = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd="/", timeout=120)
        if answer.returncode != 0:
            raise RuntimeError(f"{program} {' '.join(str(word) for word in arguments)}: {answer.stderr}")
        return answer.stdout

    def start(self, seconds=60):
        """Starts it and waits until it takes connections."""
        # SIGQUIT is an immediate shutdown: nothing of it is left when the harness dies.
        self.postmaster = Child(
            [self.binaries / "postgres", "-D", self.data], self.log, cwd="/", dying="QUIT", user=self.user)
        self.wait_until_ready(seconds)

    def wait_until_ready(self, seconds=60):
        wait_until(self.is_ready, f"PostgreSQL takes connections; see {self.log}", seconds, pause=0.03)

    def is_ready(self):
        command = [self.binaries / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return subprocess.run(command, cwd="/").returncode == 0

    def stop(self, mode="immediate"):
        """`pg_ctl stop -m MODE`; immediate is a crash, from which it recovers at its next start."""
        if self.postmaster and self.postmaster.is_running():
            self.run("pg_ctl", "-D", self.data, "stop", "-m", mode, "-s", "-w")
            self.postmaster.wait(60)

    def kill(self):
        """SIGKILL for all of its processes at once, as when its machine dies."""
        pids = [self.postmaster.pid, *self.process_ids()]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.postmaster.wait(30)
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "its processes are gone")

    def process_ids(self):
        """The processes that the postmaster has started."""
        children = pathlib.Path(f"/proc/{self.postmaster.pid}/task/{self.postmaster.pid}/children")
        try:
            return [int(pid) for pid in children.read_text().split()]
        except FileNotFoundError:
            return []

    def sql(self, statement, database="postgres"):
        """Runs SQL as the owner; gives what it prints, without headings."""
        return self.run(
            "psql", self.owner_url(database), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
            "--set", "ON_ERROR_STOP=1", "--command", statement).strip()

    def owner_url(self, database="postgres"):
        return f"postgres://owner@127.0.0.1:{self.port}/{database}"

    def server_url(self, database, port=None):
        """As the server's role; `port` names another way in, such as a proxy's."""
        return f"postgres://{self.SERVER_ROLE}@127.0.0.1:{port or self.port}/{database}"

    def make_database(self, name, server):
        """A new database with Bincard's schema, for the given server, whose folder gets the key to it."""
        self.sql(f"CREATE DATABASE {name}")
        command = [server.binary, "db", "migrate", "--data", server.data, "--database", self.owner_url(name)]
        answer = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)
        if answer.returncode != 0:
            raise RuntimeError(f"db migrate: {answer.stdout}{answer.stderr}")
        server.database = self.server_url(name)
