"""Where numbers stand in the schemas, what the contract takes there, and the numbers at which programs break."""

import re
from decimal import Decimal, InvalidOperation

POWERS = [2**31, 2**53, 2**63, 10**12, 2**64, 10**18, 2**127]
PLAIN = sorted(
    {sign * (power + step) for power in POWERS for sign in (1, -1) for step in (-1, 0, 1)} | {0, 1, -1, 2, -2}
)
ODD = [
    "-0", "00", "01", "-01", "+1", "1.0", "-1.0", "1.5", "0.0", "1.", ".5", "1e0", "1e2", "1E+2", "1e-2", "0e0",
    "1e400", "-1e400", "1e-400", "1e9999999999999999999", "0x10", "1_000", "1,000", "NaN", "Infinity", "-Infinity", "-",
    "--1", "9" * 400, "-" + "9" * 400, "0." + "0" * 400 + "1", "1" + "0" * 400, "0.1", "0.000001", "0.0000001",
    "1.123456", "1.1234567", "999999999999.999999", "1000000000000.000000", "1000000000000.000001", "1.0000000",
    "12e-1", "1e12", "1e13", "-0.000001", "-0.0", "9007199254740993.000001", "9223372036854.775807",
    "9223372036854.775808",
]
JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class NumberField:
    """A member of a body that is a number: where it is and what it may be."""

    def __init__(self, operation, steps, schema):
        """steps: names on the way from the body to it; 0 is the first element of a list."""
        self.operation, self.steps, self.schema = operation, steps, schema
        self.is_money = schema.get("format") == "decimal"

    @classmethod
    def all(cls, operation):
        return list(cls.within(operation, operation.schema, ())) if operation.schema else []

    @classmethod
    def within(cls, operation, schema, steps):
        schema = operation.document.resolve(schema)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if "integer" in kinds or "number" in kinds:
            yield cls(operation, steps, schema)
        for name, member in schema.get("properties", {}).items():
            yield from cls.within(operation, member, (*steps, name))
        if "items" in schema:
            yield from cls.within(operation, schema["items"], (*steps, 0))

    def takes(self, text):
        """What the contract says of a literal: "malformed" JSON, a "number" that is not one for this field, "outside"
        its range in a way that is the field's to judge, or the value."""
        if not JSON_NUMBER.fullmatch(text):
            return "malformed"
        if not self.is_money and not re.fullmatch("-?[0-9]+", text):
            return "number"
        try:
            number = Decimal(text)
        except InvalidOperation:
            return "number"
        if number and (number.adjusted() > 20 or number.as_tuple().exponent < -400 or number != round(number, 6)):
            return "number"
        inside = self.schema.get("minimum", -(2**63)) <= number <= self.schema.get("maximum", 2**63 - 1)
        return number if inside else "outside"

    def __str__(self):
        return f"{self.operation} {'/'.join(map(str, self.steps))}"
