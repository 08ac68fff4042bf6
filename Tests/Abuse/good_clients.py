"""Clients that mean well, at a fixed rate on connections that they keep: what they get to feel of whatever else
happens."""

import json
import multiprocessing
import socket
import statistics
import time

from ledgerserver import Client, ConnectionLost


class GoodClients:
    """A process of its own, so that its measure is not that of this one's load. Half of its requests write.

    Each request has its moment: one that waits for the one before it on its connection is counted from that moment on,
    as its user would.
    """

    CONNECTIONS = 8

    def __init__(self, port, key, per_second=240):
        self.asked, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=self.work, args=(port, key, per_second, theirs), daemon=True)
        self.process.start()

    def seen(self):
        """The (moment, seconds it took) of every request since it was last asked, and what went wrong."""
        self.asked.send("go on")
        return self.asked.recv()

    def stop(self):
        """The same, for the last time."""
        self.asked.send("stop")
        seen = self.asked.recv()
        self.process.join(10)
        return seen

    def work(self, port, key, per_second, asked):
        clients = [Client(port, key, timeout=10) for _ in range(self.CONNECTIONS)]
        samples, failures, number = [], [], 0
        begun = time.monotonic()
        while True:
            if asked.poll():
                is_last = asked.recv() == "stop"
                asked.send((samples, failures))
                if is_last:
                    return
                samples, failures = [], []
            # A batch, one request on each connection, sent before any answer is awaited.
            due = begun + number / per_second
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            requests = []
            for client in clients:
                requests.append(self.request(client, number))
                number += 1
            for client, request in zip(clients, requests):
                self.send(client, request, failures)
            for client in clients:
                try:
                    status = client.read_answer().status if client.socket else None
                    if status not in (200, 201):
                        failures.append(f"status {status}")
                except (OSError, ValueError, ConnectionLost) as error:
                    failures.append(f"{type(error).__name__}: {error}")
                    client.close()
                samples.append((due, time.monotonic() - due))

    @staticmethod
    def request(client, number):
        if number % 2:
            return client.encode("GET", "/v1/inventory/balance?sku=SKU-0042&warehouse=SEA-1")
        body = {"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1 if number % 4 else -1, "reason": "correction"}
        return client.encode(
            "POST", "/v1/inventory/ledger", json.dumps(body).encode(), f"good-{number}-{time.monotonic_ns()}"
        )

    @staticmethod
    def send(client, request, failures):
        try:
            if client.socket is None:
                client.socket = socket.create_connection(("127.0.0.1", client.port), client.timeout)
                client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.rest = b""
            client.socket.sendall(request)
        except OSError as error:
            failures.append(f"{type(error).__name__}: {error}")
            client.close()


def p99s(samples, begin, end, window=1.0):
    """The 99th percentile in each window of that many seconds, in seconds."""
    percentiles = []
    at = begin
    while at + window <= end:
        inside = sorted(took for moment, took in samples if at <= moment < at + window)
        if len(inside) >= 50:
            percentiles.append(inside[int(len(inside) * 0.99)])
        at += window
    return percentiles


def typical(percentiles):
    """The median: a hiccup of the machine in one window does not decide. None where nothing was measured."""
    return statistics.median(percentiles) if percentiles else None


def milliseconds(*figures):
    """Seconds as they are printed."""
    return " / ".join("–" if figure is None else f"{figure * 1000:.1f}" for figure in figures) + " ms"
