"""Number boundaries of every field: each integer and each amount of money in every schema, and each number among the
parameters, is given the numbers at which programs break. What the contract takes is read back exactly; everything else
is refused where it stands."""

import copy
import re
import urllib.parse
from decimal import Decimal

from documents import operations
from exact import exact
from number_fields import ODD, PLAIN, NumberField
from request import Raw, Request
from shelf import Shelf

LINES = {
    "createMovementBatch": "movements",
    "bulkUpdateInventory": "updates",
    "applySnapshot": "items",
    "updateSKUs": "skus",
}
"""Operations with lines, each of which is refused by itself in an answer that is 200."""
SHOWN_AS = {"quantity": ("after_quantity", "on_hand"), "line_total": ("unit_cost",)}
"""Names under which an answer shows what was sent; a line of one unit costs its total."""
NOWHERE = {"expected_quantity", "grace_seconds", "to_seq"}
"""Not shown, or, for the end of a replay, no further than the journal goes."""
READ_AT = {
    "recordLedgerEntry": lambda line, name: (
        f"/inventory/v1/movements/mov_{line['id'].split('_')[1]}",
        "qty" if name == "delta" else name,
    ),
    "updateSKUs": lambda line, name: ("/api/v1/skus/code/PROD-001_STORE-001", name),
    "applySnapshot": lambda line, name: ("/api/v1/skus/code/SKU-001_EU", "qty"),
}
"""Where what an operation has taken is read."""


class NumberBoundaries:
    name = "boundaries"

    def __init__(self, session, quick, random, seed):
        self.session, self.random = session, random
        self.shelf = self.api = None
        self.sent = self.accepted = self.back = 0
        self.share = 0.25 if quick else 1

    def run(self):
        fields = [field for operation in operations() for field in NumberField.all(operation)]
        parameters = [
            (operation, parameter)
            for operation in operations()
            for parameter in operation.query
            if parameter["schema"].get("type") == "integer" and not operation.is_stream
        ]
        for field in fields:
            if self.shelf is None or field.operation.api != self.api:
                self.api = field.operation.api
                self.shelf = Shelf(self.session, f"boundaries-{self.api}")
            for text in self.literals(field.schema):
                self.try_body(field, text)
                if field.is_money:
                    self.try_body(field, f'"{text}"')
        for operation, parameter in parameters:
            for text in self.literals(parameter["schema"]):
                self.try_parameter(operation, parameter, text)
        self.session.say(
            f"  {len(fields)} members, {len(parameters)} parameters, {self.sent} requests; "
            f"{self.accepted} numbers were taken, {self.back} of them came back exactly"
        )

    def literals(self, schema):
        ends = {
            end + step
            for end in (schema.get("minimum"), schema.get("maximum"))
            if end is not None
            for step in (-1, 0, 1)
        }
        rest = [str(number) for number in PLAIN] + ODD
        if self.share < 1:
            rest = self.random.sample(rest, int(len(rest) * self.share))
        return sorted(map(str, ends)) + rest

    # Bodies

    def try_body(self, field, text):
        self.sent += 1
        operation = field.operation
        request = Request.valid(operation, self.shelf, self.random, f"boundary-{self.sent}")
        request.body = self.body_with(field, text, request)
        what = f"{field} = {text[:60]}{'…' if len(text) > 60 else ''}"
        before = self.shelf.head()
        answer = self.session.exchange(request.bytes(), self.shelf.client)
        if answer is None:
            return
        if objection := operation.objection(answer):
            self.session.report(f"{what}: {objection}: {answer!r}")
        changed = self.shelf.head() != before
        if changed and answer.status >= 400:
            self.session.report(f"{what}: refused with {answer.status}, and the ledger has changed")
        self.judge_body(field, text, answer, changed, what)

    def body_with(self, field, text, request):
        """The example with the number in the field's place; what would be refused beside it is left out."""
        name = field.steps[-1]
        body = with_one_line(request.body, field)
        container = body
        for step in field.steps[:-1]:
            container = container[0] if step == 0 else dict(container)[step]
        container[:] = [member for member in container if member[0] != name]
        container.append([name, Raw(text.encode())])
        if field.operation.id != "applySnapshot":
            adapt(name, container)
        return body

    def judge_body(self, field, text, answer, changed, what):
        quoted = text.startswith('"')
        verdict = field.takes(text.strip('"'))
        if quoted and verdict == "malformed":
            verdict = "outside"  # A text that is no number: the field's to refuse.
        if verdict == "malformed":
            if answer.status != 400:
                self.session.report(f"{what}: is no JSON and was answered {answer!r}")
        elif verdict in ("number", "outside"):
            in_line = field.operation.id in LINES and answer.status == 200
            if (in_line and changed) or (not in_line and answer.status not in (400, 422)):
                self.session.report(f"{what}: is not a number for it and was answered {answer!r}")
            # Linkit's page has 422 for whatever is negative.
            is_negative = field.operation.api == "linkit" and text.strip('"').startswith("-")
            if not in_line and verdict == "number" and answer.status != 400 and not is_negative:
                self.session.report(f"{what}: the contract has 400 for it, and it was answered {answer!r}")
        elif answer.status in (200, 201, 202):
            self.accepted += 1
            self.must_come_back(field, verdict, answer, what)
        elif answer.status == 400:
            self.session.report(f"{what}: is within its range and was answered {answer!r}")

    def must_come_back(self, field, number, answer, what):
        """The number is what the answer shows, or else what is read afterwards."""
        seen = self.shown(field, answer)
        if seen is None:
            return
        self.back += 1
        if seen != number:
            self.session.report(f"{what}: is {seen} afterwards; the answer was {answer!r}")

    def shown(self, field, answer):
        """The number as it is found again; None for what is not shown anywhere, or was refused in its line."""
        body, name = exact(answer.body), field.steps[-1]
        found = body.get("results") or body.get("data") or body
        line = found[0] if isinstance(found, list) else found
        if line.get("status") in ("failed", "ignored", 404, 409, 422) or line.get("failed") or name in NOWHERE:
            return None
        line = line.get("movement") or line
        if field.operation.id in READ_AT:
            path, name = READ_AT[field.operation.id](line, name)
            line = exact(self.shelf.client.get(path).body)
        found = next((line[known] for known in (name, *SHOWN_AS.get(name, ())) if line.get(known) is not None), None)
        return None if found is None else Decimal(found)

    # Parameters

    def try_parameter(self, operation, parameter, text):
        self.sent += 1
        request = Request.valid(operation, self.shelf, self.random, "unused")
        request.query = [pair for pair in request.query if pair[0] != parameter["name"]]
        request.query.append([parameter["name"], urllib.parse.quote(text, safe="")])
        what = f"{operation} ?{parameter['name']}={text[:60]}"
        answer = self.session.exchange(request.bytes(), self.shelf.client)
        if answer is None:
            return
        if objection := operation.objection(answer):
            self.session.report(f"{what}: {objection}: {answer!r}")
        schema = parameter["schema"]
        # Zeros in front are nothing in a parameter, which is text.
        whole = re.fullmatch("-?[0-9]+", text)
        fits = whole and schema.get("minimum", -(2**63)) <= int(text) <= schema.get("maximum", 2**63 - 1)
        if (answer.status == 200) != bool(fits) or answer.status not in (200, 400, 422):
            self.session.report(
                f"{what}: {'is within' if fits else 'is outside'} its range and was answered {answer!r}"
            )
        self.accepted += bool(fits)


def with_one_line(body, field):
    """A copy of the body with a single line where there are lines."""
    body = copy.deepcopy(body)
    lines = LINES.get(field.operation.id)
    if lines:
        for member in body:
            if member[0] == lines:
                del member[1][1:]
    return body


def adapt(name, container):
    """Makes the rest of an object go with the member: one of `delta` and `qty`, a kind of movement that takes a cost or
    either sign."""

    def leave_out(*names):
        container[:] = [member for member in container if member[0] not in names]

    def put(other, value):
        leave_out(other)
        container.append([other, value])

    names = {member[0] for member in container}
    if name == "delta":
        leave_out("qty", "to_warehouse")
    if name == "qty" and "warehouse" in names:
        leave_out("delta", "to_warehouse")
        put("reason", "adjustment")
    if "item_id" in names:
        leave_out(
            "to_location_id", "unit_cost" if name != "unit_cost" else "", "line_total" if name != "line_total" else ""
        )
        put("item_id", "SKU-0042")
        put("location_id", "SEA-1")
        put("type", "receipt" if name in ("unit_cost", "line_total") else "adjustment")
        if name in ("unit_cost", "line_total"):
            put("qty", 1)
    if name == "unit_cost" and "warehouse" in names:
        leave_out("qty", "to_warehouse")
        put("delta", 1)
        put("reason", "receipt")
    if name in ("quantity", "expected_quantity", "safety_stock", "reorder_point") and names & {
        "warehouse_id",
        "quantity",
    }:
        leave_out(*({"expected_quantity", "safety_stock", "reorder_point"} - {name}))
        put("warehouse_id", "SEA-1")
        if name == "expected_quantity":
            put("quantity", 5)
    if name == "qty" and "iv_id" in names or name in ("price", "cost") and "available" in names:
        leave_out(*({"qty", "price", "cost"} - {name}))
