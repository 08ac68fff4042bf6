"""Structure fuzzing of every operation: valid requests, made from the documents' examples, in which members, parameters
and headers are dropped, repeated, renamed, given other types, nested, made huge, alone and several at a time."""

import os
from random import Random

from documents import operations
from mutations import describe, spoil
from request import Request
from shelf import Shelf

ANY_OTHER = {400, 404, 405, 408, 413, 414, 415, 422, 431}
"""What a request may get that has become another operation's, or nobody's."""


class StructureFuzzing:
    name = "structure"
    PER_SHELF = 4_000
    """Requests after which a new tenant is used."""

    def __init__(self, session, quick, random, seed):
        self.session, self.seed = session, seed
        self.count = 2_500 if quick else 100_000
        self.operations = operations()
        if not os.environ.get("BINCARD_ALONE"):
            self.operations = [operation for operation in self.operations if "webhook" not in operation.path]
        self.accepted = self.replays = 0

    def run(self):
        for number in range(self.count):
            if number % self.PER_SHELF == 0:
                self.shelf = Shelf(self.session, f"structure-{number}")
                self.head = self.shelf.head()
            self.one(number)
        self.session.say(
            f"  {self.count} requests to {len(self.operations)} operations; {self.accepted} writes were accepted, "
            f"{self.replays} answers to the same request again were the same bytes"
        )

    def one(self, number):
        random = Random(f"{self.seed}/structure/{number}")
        operation = random.choice(self.operations)
        # Every operation in turn first, so that a small budget meets all of them.
        operation = self.operations[number] if number < len(self.operations) else operation
        request = Request.valid(operation, self.shelf, random, f"fuzz-{number}")
        self.head = self.shelf.head()
        spoil(random, request)
        sent = request.bytes()
        what = f"request {number} of seed {self.seed}, {operation} with {describe(request)}"
        before = len(self.session.findings)
        answer = self.session.exchange(sent, self.shelf.client)
        if answer is not None:
            self.judge(request, sent, answer, what)
            if answer.status < 300 and operation.writes and request.method == operation.method:
                self.again(request, sent, answer, what)
        if len(self.session.findings) > before:
            self.session.say(f"  … which was {what}")

    def judge(self, request, sent, answer, what):
        kinds = {kind for kind, _ in request.changes}
        is_other = "spoil_method" in kinds or ("spoil_path" in kinds and answer.status in ANY_OTHER)
        objection = None if is_other and answer.status < 500 else request.operation.objection(answer)
        if (
            is_other
            and request.method != "HEAD"
            and answer.status >= 400
            and "json" not in answer.headers.get("content-type", "")
        ):
            objection = f"a refusal without a reason: {answer.headers}"
        if objection:
            self.session.report(f"{what}: {objection}: {answer!r}")
        head = self.shelf.head()
        if head != self.head and (answer.status >= 400 or not request.operation.writes):
            self.session.report(f"{what}: the ledger went from {self.head} to {head} by {answer!r}")
        # Whoever sends a large body without a key is turned away before the end of it.
        is_turned_away = answer.status == 401 and len(sent) > UNEXAMINED_BYTES
        may_close = is_turned_away or answer.status in CLOSING
        if answer.status >= 400 and answer.headers.get("connection") == "close" and not may_close:
            self.session.report(f"{what}: the connection was closed after {answer!r}")

    def again(self, request, sent, answer, what):
        """The same bytes a second time: with a key the same answer and no further entry."""
        self.accepted += 1
        keys = [text for name, text in request.headers if name.lower() == b"idempotency-key"]
        if not keys or not request.operation.key_header:
            return
        head = self.shelf.head()
        second = self.session.exchange(sent, self.shelf.client)
        if second is None:
            return
        if head == self.head and b'"request_id"' in answer.body or b'"status":"failed"' in answer.body:
            return  # Every line was refused before the ledger was asked: nothing was kept, and the key is free.
        self.replays += 1
        same = (second.status, second.body) == (answer.status, answer.body)
        if not same or second.headers.get("idempotent-replayed") != "true":
            self.session.report(
                f"{what}: {answer!r} and, the second time, {second.headers.get('idempotent-replayed')} {second!r}"
            )
        if self.shelf.head() != head:
            self.session.report(f"{what}: the same key has written twice")


CLOSING = {400, 405, 408, 413, 414, 417, 431, 501}
"""After these the rest of what came is not to be trusted, and the connection is closed."""
UNEXAMINED_BYTES = 64 * 1024
"""Of a body that anybody may send before it is asked who that is."""
