"""All of JSONTestSuite through HTTP: each file as the whole body of every operation that takes one, and as a value
inside of a body, where a free value, a text or an unknown member may stand."""

import json
import os
import pathlib

from documents import APIS, code_of, operations
from exact import exact
from ledgerserver import ROOT
from shelf import Shelf

FOLDER = pathlib.Path(os.environ.get("JSON_TEST_SUITE", ROOT.parent / "shared/data/json-test-suite"))
STRICTER = {
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json",
    "y_string_null_escape.json",
}
"""Good JSON that the contract refuses: duplicate members and NUL."""
MALFORMED = {"skutrail": "malformed_json", "sk-inventory": "malformed_json", "seller": "malformed_json", "linkit": ""}
"""The code of a refusal, where the dialect has one."""
DEEP = b"[" * 14
"""As far down as a value may lie."""


class JSONSuite:
    name = "json suite"

    def __init__(self, session, quick, random, seed):
        self.session, self.quick, self.random = session, quick, random
        self.shelf = Shelf(session, "json-suite")
        self.sent = self.kept = 0

    def run(self):
        files = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.json"))}
        if not files:
            self.session.say(f"  skipped: there is no {FOLDER}")
            return
        takers = [operation for operation in operations() if operation.schema]
        if self.quick:
            takers = [self.random.choice([taker for taker in takers if taker.api == api]) for api in APIS]
        for name, text in files.items():
            for operation in takers:
                self.whole(operation, name, text)
            self.free_value(name, text)
            self.unknown_member(name, text)
            self.text_values(name, text)
        self.session.say(
            f"  {len(files)} files, {len(takers)} operations, {self.sent} requests; "
            f"{self.kept} values were kept and read back"
        )

    def send(self, method, path, body, what):
        """Sends a body and sees to it that a refusal has changed nothing and has not cost the connection."""
        self.sent += 1
        before = self.shelf.head()
        request = self.shelf.client.encode(method, path, body, f"suite-{self.sent}")
        answer = self.session.exchange(request, self.shelf.client)
        if answer is None:
            return None
        if answer.status >= 400 and self.shelf.head() != before:
            self.session.report(f"{what}: refused with {answer.status}, and the ledger has changed")
        if answer.headers.get("connection") == "close":
            self.session.report(f"{what}: the connection was closed after {answer!r}")
        return answer

    def whole(self, operation, name, text):
        values = self.shelf.path_values(operation) if "{" in operation.path else {}
        what = f"{name} as the body of {operation}"
        answer = self.send(operation.method, operation.path.format(**values), text, what)
        if answer is None:
            return
        if objection := operation.objection(answer):
            self.session.report(f"{what}: {objection}: {answer!r}")
        malformed = (name.startswith("n_") or name in STRICTER) and (text or operation.needs_body)
        if malformed and (answer.status != 400 or code_of(answer) != MALFORMED[operation.api]):
            self.session.report(f"{what}: is malformed and was answered {answer!r}")
        if name.startswith("y_") and not malformed and answer.status not in EXPECTED_OF_GOOD:
            self.session.report(f"{what}: is good JSON and was answered {answer!r}")

    def free_value(self, name, text):
        """As a member of the metadata of a new item, which is read back exactly; and as deep in it as may be."""
        sku = self.shelf.fresh_name()
        body = b'{"sku":"%s","name":"x","metadata":{"v":%s}}' % (sku.encode(), text)
        answer = self.send("POST", "/inventory/v1/items", body, f"{name} in metadata")
        if answer is None:
            return
        if name.startswith("n_") or name in STRICTER:
            self.must_be_400(answer, f"{name} in metadata")
        elif name.startswith("y_") and answer.status != 201:
            self.session.report(f"{name} in metadata: is good JSON and was answered {answer!r}")
        if answer.status == 201:
            self.kept += 1
            back = self.shelf.client.get(f"/inventory/v1/items/{sku}")
            if exact(back.body)["metadata"] != {"v": exact(text)}:
                self.session.report(f"{name} in metadata: {text!r} came back as {back!r}")
        deep = DEEP[:-1] + text + b"]" * (len(DEEP) - 1)
        body = b'{"sku":"%s","name":"x","metadata":{"v":%s}}' % (self.shelf.fresh_name().encode(), deep)
        answer = self.send("POST", "/inventory/v1/items", body, f"{name} far down in metadata")
        if answer is not None and answer.status not in (201, 400, 422):
            self.session.report(f"{name} far down in metadata: {answer!r}")

    def unknown_member(self, name, text):
        for method, path in (
            ("POST", "/v1/inventory/ledger"),
            ("POST", "/inventory/v1/movements/batch"),
            ("POST", "/api/inventory/bulk"),
            ("POST", "/api/v1/skus/bulk"),
        ):
            what = f"{name} as an unknown member of {path}"
            answer = self.send(method, path, b'{"surprise":%s}' % text, what)
            if answer is None:
                continue
            if name.startswith("n_") or name in STRICTER:
                self.must_be_400(answer, what)
            elif name.startswith("y_") and (answer.status != 422 or b"surprise" not in answer.body):
                self.session.report(f"{what}: must be named in a 422, and was answered {answer!r}")

    def text_values(self, name, text):
        """A file that is an array of one text: the text as a name, which is kept as it is or refused."""
        inner = text.strip()[1:-1].strip()
        if not (inner.startswith(b'"') and inner.endswith(b'"')):
            return
        for path, member in (("/inventory/v1/items", "sku"), ("/api/v1/products", "iv_id")):
            sku = self.shelf.fresh_name()
            body = b'{"%s":"%s","name":%s}' % (member.encode(), sku.encode(), inner)
            answer = self.send("POST", path, body, f"{name} as a name")
            if answer is None:
                continue
            if answer.status == 201:
                self.kept += 1
                if answer.json()["name"] != json.loads(inner):
                    self.session.report(f"{name}: the name {inner!r} came back as {answer!r}")
            elif answer.status not in (400, 422):
                self.session.report(f"{name} as a name: {answer!r}")

    def must_be_400(self, answer, what):
        if answer.status != 400:
            self.session.report(f"{what}: is malformed and was answered {answer!r}")


EXPECTED_OF_GOOD = {200, 201, 202, 400, 404, 409, 422}
"""What is no object is 422 in most places; an empty one is enough for some operations, which may then find nothing to
do. 400: a number in it that is not what belongs there."""
