"""How clients are slow: three ways of `slowhttptest`, and two that it does not have. An attack runs from its making
until `end`."""

import socket
import subprocess
import threading
import time


class SlowHTTPTest:
    """Connections that send their header, send their body or read their answer as slowly as they can."""

    keeps_connections = True

    def __init__(self, name, *arguments):
        self.name, self.arguments = name, arguments

    def begin(self, port, connections, seconds):
        url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [
                # It takes what it needs of the processor after everybody else: an attacker is not on this machine.
                "nice",
                "-n",
                "19",
                "slowhttptest",
                "-c",
                str(connections),
                "-r",
                str(rate(connections, seconds)),
                "-l",
                str(seconds * 2),
                "-p",
                "5",
                "-v",
                "0",
                *(argument.format(url=url) for argument in self.arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def end(self):
        self.process.kill()
        self.process.wait(30)


class SilentConnections:
    """Connections that send their packet and then do nothing any more."""

    def __init__(self, name, packet, keeps_connections=True):
        """keeps_connections: whether the server leaves them open."""
        self.name, self.packet, self.keeps_connections = name, packet, keeps_connections

    def begin(self, port, connections, seconds):
        self.sockets, self.is_over = [], False
        self.thread = threading.Thread(
            target=self.open_all, args=(port, connections, 1 / rate(connections, seconds)), daemon=True
        )
        self.thread.start()

    def open_all(self, port, connections, pause):
        for _ in range(connections):
            if self.is_over:
                return
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(10)
            connection.connect(("127.0.0.1", port))
            try:
                connection.sendall(self.packet)
            except OSError:
                pass  # The server had heard enough.
            self.sockets.append(connection)
            time.sleep(pause)

    def end(self):
        self.is_over = True
        self.thread.join(30)
        for connection in self.sockets:
            connection.close()


def rate(connections, seconds):
    """Connections a second, so that all are there after a quarter of the time."""
    return connections * 4 // seconds


ATTACKS = [
    SlowHTTPTest("slow headers", "-H", "-i", "5", "-x", "24", "-t", "GET", "-u", "{url}/v1/ledger/head"),
    SlowHTTPTest(
        "slow bodies", "-B", "-i", "5", "-x", "10", "-s", "8192", "-t", "POST", "-u", "{url}/v1/inventory/ledger", "-f",
        "application/json",
    ),
    SlowHTTPTest(
        "slow reading", "-X", "-w", "1", "-y", "64", "-n", "5", "-z", "32", "-k", "3", "-u",
        "{url}/openapi/sk-inventory.json",
    ),
    # The largest document there is, which needs no key, many times in one packet; nothing of it is read.
    SilentConnections("unread pipelines", b"GET /openapi/sk-inventory.json HTTP/1.1\r\nHost: x\r\n\r\n" * 70),
    # All but the last byte of the largest body, from nobody.
    SilentConnections(
        "large bodies without a key",
        b"POST /v1/inventory/ledger HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n" + b" " * 1_048_575,
        keeps_connections=False,
    ),
]
