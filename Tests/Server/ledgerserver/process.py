"""Child processes that never outlive the harness, and waiting for what they do."""
import shutil
import signal
import socket
import subprocess
import time


def free_port():
    """A port of the loopback that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=30, pause=0.01):
    """Waits until the condition gives something true, which is the result; TimeoutError says what never happened."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise TimeoutError(f"{seconds} s and still not: {what}")
        time.sleep(pause)


class Child:
    """A process with its output in files. The kernel kills it when the thread that started it ends, so start it from
    one that lasts as long as it shall."""

    def __init__(self, command, out, err=None, env=None, cwd=None, dying="KILL", user=None):
        """
        command: the program and its arguments.
        out, err: files to append standard output and error to; err goes where out does when it is not given.
        env: the whole environment; None for this process's.
        dying: the signal that it gets when the harness dies.
        user: who runs it, when not the user of this process.
        """
        prefix = ["setpriv", "--pdeathsig", dying]
        if user:
            prefix += ["--reuid", user, "--regid", user, "--clear-groups"]
        self.command = [str(word) for word in command]
        with open(out, "ab") as said, open(err or out, "ab") as complained:
            self.process = subprocess.Popen(
                (prefix if shutil.which("setpriv") else []) + self.command, stdin=subprocess.DEVNULL, stdout=said,
                stderr=complained, env=env, cwd=cwd)

    @property
    def pid(self):
        return self.process.pid

    def exit_status(self):
        """None while it runs; negative when a signal ended it."""
        return self.process.poll()

    def is_running(self):
        return self.process.poll() is None

    def send(self, number):
        """Sends a signal, unless it has ended."""
        if self.is_running():
            self.process.send_signal(number)

    def kill(self):
        """SIGKILL, and waits until it is gone."""
        self.send(signal.SIGKILL)
        return self.process.wait(30)

    def stop(self, seconds=40):
        """SIGTERM, and waits; what does not end by itself is killed and reported as TimeoutError."""
        self.send(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds):
        """Waits for its end and gives the exit status; what does not end in time is killed."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"{self.command[0]} did not end within {seconds} s") from None
