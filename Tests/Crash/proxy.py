"""A way to PostgreSQL that can be cut, blocked, or made to lose the answers."""
import asyncio
import threading
import time


class Proxy:
    """Forwards connections of the loopback to a port, on a thread of its own."""

    def __init__(self, target):
        self.target = target
        self.passing = {"there": True, "back": True}
        self.accepts = True
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        self.resumed = asyncio.Event()
        self.resumed.set()
        started = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(started,), daemon=True)
        self.thread.start()
        started.wait()

    def run(self, started):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self.connect, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()

    def close(self):
        self.cut()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    # What may happen to the way; called from other threads.

    def cut(self):
        """Resets every connection."""
        done = threading.Event()

        def reset():
            for writer in list(self.writers):
                writer.transport.abort()
            done.set()

        self.loop.call_soon_threadsafe(reset)
        done.wait(5)

    def swallow_and_cut(self, seconds):
        """Requests arrive and are carried out, answers are lost, and then the connections."""
        self.passing["back"] = False
        time.sleep(seconds)
        self.cut()
        self.passing["back"] = True

    def hold(self):
        """Connections stay and nothing comes through, in either direction."""
        self.loop.call_soon_threadsafe(self.resumed.clear)

    def refuse(self):
        """New connections are closed at once."""
        self.accepts = False

    def let_through(self):
        self.accepts = True
        self.loop.call_soon_threadsafe(self.resumed.set)

    # Forwarding.

    async def connect(self, reader, writer):
        if not self.accepts:
            writer.transport.abort()
            return
        try:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, other_writer}
        self.writers |= pair
        try:
            await asyncio.gather(
                self.forward(reader, other_writer, "there"), self.forward(other_reader, writer, "back"))
        finally:
            self.writers -= pair
            for end in pair:
                end.transport.abort()

    async def forward(self, reader, writer, direction):
        try:
            while data := await reader.read(1 << 16):
                await self.resumed.wait()
                if self.passing[direction]:
                    writer.write(data)
                    await writer.drain()
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
