"""A receiver of webhooks as a process of its own, which outlives the servers and keeps a line of each request.

    receiver.py LOG

It listens on a free port of 127.0.0.1, which is the first line of LOG. The first part of a path says how it behaves:

- `steady` takes everything;
- `flaky` answers some events with 500, hangs up on some, lets some wait for ever, and takes most of them the next time;
- `broken` takes nothing.

Which events those are, their ids decide. The other lines are, with tabs between: path, `webhook-id`, what became of it
(`taken` or `refused`), SHA-256 of the body, `webhook-timestamp`, the true time, seq and hash of `bincard-ledger-head`,
whether the signature is right. What is taken is written down before it is answered.
"""
import asyncio
import base64
import collections
import hashlib
import hmac
import sys
import time
import zlib

from realm import SECRET

KEY = base64.b64decode(SECRET.removeprefix("whsec_"))


class Receiver(asyncio.Protocol):
    log = None
    attempts = collections.Counter()

    def connection_made(self, transport):
        self.transport = transport
        self.rest = b""

    def data_received(self, data):
        self.rest += data
        while True:
            head, blank, body = self.rest.partition(b"\r\n\r\n")
            if not blank:
                return
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", 0))
            if len(body) < length:
                return
            self.rest = body[length:]
            self.receive(first.split(" ")[1], headers, body[:length])

    def receive(self, path, headers, body):
        event = headers["webhook-id"]
        self.attempts[path, event] += 1
        fate = self.fate(path.split("/")[1], event, self.attempts[path, event])
        head = dict(part.strip().split("=") for part in headers["bincard-ledger-head"].split(","))
        line = [
            path, event, "taken" if fate == 204 else "refused", hashlib.sha256(body).hexdigest(),
            headers["webhook-timestamp"], str(int(time.time())), head["seq"], head["hash"],
            str(self.is_signed(headers, body))]
        self.log.write("\t".join(line) + "\n")
        self.log.flush()
        if fate == "hang up":
            self.transport.close()
        elif fate != "hang":
            text = "No Content" if fate == 204 else "Internal Server Error\r\nContent-Length: 0"
            self.transport.write(f"HTTP/1.1 {fate} {text}\r\n\r\n".encode())

    @staticmethod
    def fate(behaviour, event, attempt):
        if behaviour == "broken":
            return 500
        chance = zlib.crc32(event.encode()) % 1000
        if behaviour == "flaky" and (attempt == 1 or (attempt == 2 and chance < 5)):
            return 500 if chance < 30 else "hang up" if chance < 40 else "hang" if chance < 43 else 204
        return 204

    @staticmethod
    def is_signed(headers, body):
        signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
        right = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        return right in headers["webhook-signature"].split()


async def main():
    Receiver.log = open(sys.argv[1], "a", encoding="ascii")
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], file=Receiver.log, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
