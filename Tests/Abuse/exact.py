"""JSON without binary floating point."""

import json
from decimal import Decimal, InvalidOperation


def exact(text):
    """A JSON value in which numbers are equal when they have the same value, however large or small."""
    return json.loads(text, parse_float=exact_number, parse_int=exact_number)


def exact_number(text):
    try:
        return Decimal(text)
    except InvalidOperation:
        return text  # An exponent that even Decimal has no room for.
