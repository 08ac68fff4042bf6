#!/usr/bin/env python3
"""Recomputes the stock that the preset `uci-online-retail` must leave behind, from the rules alone.

It shares nothing with the server or its importer: another language, another algorithm for the openings, exact
integers throughout (Python's have no limit), every division rounded half to even. Money is in micro-units, 10^-6 of
the currency; quantities are whole units (every item has scale 0).

    online_retail.py recompute FILE                     prints JSON: totals, and every item x location
    online_retail.py compare FILE --url URL --api-key K compares with a server's answers; exit 1 and the differences
    online_retail.py self-check                         the costing examples 1, 2, 3 and 5, and the rounding

FILE is the CSV, plain or .gz.
"""

import argparse
import collections
import csv
import gzip
import http.client
import json
import sys
import threading
import time
import urllib.parse

MICRO = 1_000_000


def half_even(numerator, denominator):
    """numerator / denominator as an integer, ties to the even one; exact."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(numerator, denominator)
    if 2 * remainder > denominator or (2 * remainder == denominator and quotient % 2 == 1):
        quotient += 1
    return quotient


def decimal_parts(text):
    """A plain decimal as (integer, number of decimals): '2.55' is (255, 2)."""
    whole, _, fraction = text.partition(".")
    digits = whole.lstrip("+-") + fraction
    if not digits.isascii() or not digits.isdigit():
        raise ValueError(f"not a plain decimal: {text!r}")
    value = int(digits)
    return (-value if whole.startswith("-") else value), len(fraction)


def money(micro):
    """Micro-units as the wire shows them: six decimals."""
    sign = "-" if micro < 0 else ""
    return f"{sign}{abs(micro) // MICRO}.{abs(micro) % MICRO:06d}"


def micro(text):
    """The wire's decimal string as micro-units; refuses more than six decimals."""
    value, decimals = decimal_parts(text)
    if decimals > 6:
        raise ValueError(f"more than six decimals: {text!r}")
    return value * 10 ** (6 - decimals)


class Pool:
    """One item at one location: on hand, value, last WAC. Each method returns the value that moved."""

    def __init__(self):
        self.on_hand = 0
        self.value = 0
        self.last_wac = 0
        self.variance = 0

    def wac(self):
        return half_even(self.value, self.on_hand) if self.on_hand > 0 else self.last_wac

    def settle(self):
        if self.on_hand == 0:
            assert self.value == 0, "value left at on hand 0"
        if self.on_hand > 0:
            self.last_wac = half_even(self.value, self.on_hand)

    def at_wac(self, quantity):
        """What `quantity` units cost at the current WAC: never through a rounded average while there is stock."""
        if self.on_hand > 0:
            return half_even(self.value * quantity, self.on_hand)
        return self.last_wac * quantity

    def take(self, quantity):
        """Sale, pick, loss, and the source of a transfer."""
        if quantity < self.on_hand:
            cost = half_even(self.value * quantity, self.on_hand)
        elif quantity == self.on_hand:
            cost = self.value
        else:
            held = max(self.on_hand, 0)
            cost = (self.value if self.on_hand > 0 else 0) + self.last_wac * (quantity - held)
        self.on_hand -= quantity
        self.value -= cost
        self.settle()
        return cost

    def put(self, quantity, cost):
        """Receipt, customer return, gain, and the target of a transfer, worth `cost` in all."""
        if self.on_hand >= 0:
            self.on_hand += quantity
            self.value += cost
            self.settle()
            return cost
        covered = min(quantity, -self.on_hand)
        provisional = -self.value if covered == -self.on_hand else half_even(-self.value * covered, -self.on_hand)
        settlement = cost if covered == quantity else half_even(cost * covered, quantity)
        self.variance += settlement - provisional
        self.on_hand += quantity
        self.value += provisional + (cost - settlement)
        if self.on_hand == 0:
            self.last_wac = half_even(cost, quantity)
        self.settle()
        return cost

    def receive(self, quantity, unit_cost):
        return self.put(quantity, unit_cost * quantity)

    def customer_return(self, quantity):
        return self.put(quantity, self.at_wac(quantity))

    def supplier_return(self, quantity, unit_cost):
        """Returns the value taken; the credit less that value is the credit variance."""
        if quantity == self.on_hand:
            cost = self.value
        else:
            cost = unit_cost * quantity
            if cost > self.value:
                cost = half_even(self.value * quantity, self.on_hand)
        self.on_hand -= quantity
        self.value -= cost
        self.settle()
        return cost


# The preset.

DIGITS = frozenset("0123456789")


def skip_reason(code):
    """Why a line is no product, or None when it is one."""
    if not DIGITS.intersection(code):
        return "no_digit"
    if code == "C2":
        return "c2"
    if code.startswith("gift_"):
        return "gift"
    if code.startswith("DCGS"):
        return "dcgs"
    return None


def opening_cost(price):
    """0.6 x price to 4 decimals, half to even, in micro-units."""
    value, decimals = price
    return half_even(value * 6 * 10**4, 10 * 10**decimals) * 100


def rows(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if None in row or None in row.values():
                raise SystemExit(f"{path}: row {number}: wrong number of columns")
            yield row


def read(path):
    """The postings of the file in order, with their openings, and the counts of what was skipped."""
    lines = 0
    skipped = collections.Counter()
    sold = []
    first_price = {}
    for row in rows(path):
        lines += 1
        code = row["StockCode"].strip()
        reason = skip_reason(code)
        if reason:
            skipped[reason] += 1
            continue
        price = decimal_parts(row["UnitPrice"])
        if price[0] > 0 and code not in first_price:
            first_price[code] = price
        quantity = int(row["Quantity"])
        if quantity == 0:
            skipped["zero_quantity"] += 1
            continue
        if row["InvoiceNo"].startswith("C"):
            kind = "return"
        else:
            kind = "adjustment" if quantity < 0 else "sale"
        location = "UK-1" if row["Country"] == "United Kingdom" else "EU-1"
        change = quantity if kind == "adjustment" else -quantity
        sold.append((code, location, kind, change))
    return lines, skipped, sold, first_price


def openings(sold):
    """For each pair the smallest opening that keeps every running balance at 0 or above, found backwards: what is
    needed before a movement is what is needed after it less what it brings, and never below 0."""
    need = {}
    for code, location, _, change in reversed(sold):
        pair = (code, location)
        need[pair] = max(0, need.get(pair, 0) - change)
    return need


def recompute(path):
    lines, skipped, sold, first_price = read(path)
    need = openings(sold)
    pools = {}
    kinds = collections.OrderedDict((k, [0, 0]) for k in ("receipt", "sale", "return", "adjustment"))
    opening_value = 0
    for code, location, kind, change in sold:
        pair = (code, location)
        pool = pools.get(pair)
        if pool is None:
            pool = pools[pair] = Pool()
            if need[pair] > 0:
                price = first_price.get(code)
                opening_value += pool.receive(need[pair], opening_cost(price) if price else 0)
                kinds["receipt"][0] += 1
                kinds["receipt"][1] += need[pair]
        if change < 0:
            pool.take(-change)
        elif kind == "return":
            pool.customer_return(change)
        else:
            pool.put(change, pool.at_wac(change))
        assert pool.on_hand >= 0, (pair, "negative stock")
        kinds[kind][0] += 1
        kinds[kind][1] += change
    items = collections.OrderedDict()
    for (code, location), pool in pools.items():
        item = items.setdefault(code, {"on_hand": 0, "value": 0, "locations": {}})
        item["on_hand"] += pool.on_hand
        item["value"] += pool.value
        item["locations"][location] = pool
    return {
        "lines": lines,
        "skipped": dict(skipped),
        "products": lines - sum(skipped.values()),
        "postings": sum(count for count, _ in kinds.values()),
        "kinds": {k: {"count": c, "quantity": q} for k, (c, q) in kinds.items()},
        "opening_value": opening_value,
        "items": items,
    }


def shown(result):
    """The result as JSON can carry it, money as the wire shows it."""
    items = {}
    for code, item in result["items"].items():
        entry = {"on_hand": item["on_hand"], "value": money(item["value"])}
        if item["on_hand"] > 0:
            entry["wac"] = money(half_even(item["value"], item["on_hand"]))
        entry["locations"] = {
            location: {
                "on_hand": pool.on_hand,
                "wac": money(pool.wac()),
                "last_wac": money(pool.last_wac),
                "value": money(pool.value),
            }
            for location, pool in item["locations"].items()
        }
        items[code] = entry
    out = {key: value for key, value in result.items() if key not in ("items", "opening_value")}
    out["opening_value"] = money(result["opening_value"])
    out["on_hand"] = sum(item["on_hand"] for item in result["items"].values())
    out["value"] = money(sum(item["value"] for item in result["items"].values()))
    out["pairs"] = sum(len(item["locations"]) for item in result["items"].values())
    out["items"] = items
    return out


# Comparing with a server.


def differences(code, expected, answer):
    """What in the server's answer for one item is not what it must be, as lines of text."""
    found = []

    def check(what, want, got):
        if want != got:
            found.append(f"{code} {what}: expected {want}, the server says {got}")

    check("on_hand", expected["on_hand"], answer["on_hand"])
    check("value", money(expected["value"]), money(micro(answer["value"])))
    if expected["on_hand"] > 0:
        wac = half_even(expected["value"], expected["on_hand"])
        check("wac", money(wac), money(micro(answer["wac"])))
    seen = {location["code"]: location for location in answer["locations"]}
    for location, pool in expected["locations"].items():
        got = seen.pop(location, None)
        if got is None:
            found.append(f"{code} {location}: missing in the server's answer")
            continue
        check(f"{location} on_hand", pool.on_hand, got["on_hand"])
        check(f"{location} value", money(pool.value), money(micro(got["value"])))
        check(f"{location} wac", money(pool.wac()), money(micro(got["wac"])))
    for location, got in seen.items():
        if got["on_hand"] != 0 or micro(got["value"]) != 0:
            found.append(f"{code} {location}: {got['on_hand']} on hand where nothing was posted")
    return found


class Reader(threading.Thread):
    """Reads every n-th item's stock over one connection that is kept alive."""

    def __init__(self, base, key, share):
        super().__init__(daemon=True)
        self.base = base
        self.headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self.share = share
        self.found = []
        self.failure = None

    def run(self):
        try:
            kind = http.client.HTTPSConnection if self.base.scheme == "https" else http.client.HTTPConnection
            connection = kind(self.base.netloc, timeout=30)
            for code, expected in self.share:
                path = f"{self.base.path.rstrip('/')}/inventory/v1/items/{urllib.parse.quote(code, safe='')}/stock"
                self.found.extend(differences(code, expected, self.get(connection, path)))
        except Exception as error:  # reported by the main thread, which then exits 1
            self.failure = f"{type(error).__name__}: {error}"

    def get(self, connection, path):
        for attempt in range(8):
            try:
                connection.request("GET", path, headers=self.headers)
                response = connection.getresponse()
                body = response.read()
            except (ConnectionError, http.client.HTTPException):
                connection.close()
                time.sleep(0.1 * 2**attempt)
                continue
            if response.status == 200:
                return json.loads(body)
            if response.status not in (429, 503):
                raise RuntimeError(f"{path}: {response.status} {body[:300].decode('utf-8', 'replace')}")
            time.sleep(min(float(response.getheader("Retry-After") or 1), 10))
        raise RuntimeError(f"{path}: no answer after 8 tries")


def compare(path, url, key, threads):
    result = recompute(path)
    base = urllib.parse.urlsplit(url)
    work = list(result["items"].items())
    readers = [Reader(base, key, work[n::threads]) for n in range(threads)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    found = [line for reader in readers for line in reader.found]
    failures = [reader.failure for reader in readers if reader.failure]
    for line in sorted(found)[:50] + failures:
        print(line)
    if len(found) > 50:
        print(f"… and {len(found) - 50} more")
    pairs = sum(len(item["locations"]) for item in result["items"].values())
    if found or failures:
        print(f"{len(found)} differences, {len(failures)} failed readers, in {len(work)} items and {pairs} pairs")
        return 1
    print(f"{len(work)} items and {pairs} pairs agree to the unit and the micro-unit")
    return 0


# The costing examples.


def state(pool):
    return f"{pool.on_hand} / {money(pool.wac())} / {money(pool.value)}"


def self_check():
    wrong = []

    def expect(what, want, got):
        if want != got:
            wrong.append(f"{what}: expected {want}, got {got}")

    for numerator, denominator, want in ((5, 10, 0), (15, 10, 2), (25, 10, 2), (-5, 10, 0), (-15, 10, -2), (26, 10, 3)):
        expect(f"{numerator}/{denominator}", want, half_even(numerator, denominator))
    for price, want in (("2.55", "1.530000"), ("0.00125", "0.000800"), ("0.00075", "0.000400"), ("3", "1.800000")):
        expect(f"0.6 x {price}", want, money(opening_cost(decimal_parts(price))))

    pool = Pool()
    pool.receive(3, 1_000_000)
    expect("1a", "3 / 1.000000 / 3.000000", state(pool))
    pool.receive(4, 1_100_000)
    expect("1b", "7 / 1.057143 / 7.400000", state(pool))
    expect("1c cost", "2.114286", money(pool.take(2)))
    expect("1c", "5 / 1.057143 / 5.285714", state(pool))
    expect("1d cost", "5.285714", money(pool.take(5)))
    expect("1d", "0 / 1.057143 / 0.000000", state(pool))
    pool.receive(10, 950_000)
    expect("1e", "10 / 0.950000 / 9.500000", state(pool))

    pool = Pool()
    pool.receive(4, 5_000_000)
    expect("2a cost", "45.000000", money(pool.take(9)))
    expect("2a", "-5 / 5.000000 / -25.000000", state(pool))
    pool.receive(2, 6_000_000)
    expect("2b variance", "2.000000", money(pool.variance))
    expect("2b", "-3 / 5.000000 / -15.000000", state(pool))
    pool.receive(10, 5_500_000)
    expect("2c variance", "3.500000", money(pool.variance))
    expect("2c", "7 / 5.500000 / 38.500000", state(pool))

    pool = Pool()
    pool.receive(8, 3_000_000)
    pool.receive(8, 4_000_000)
    expect("3a", "16 / 3.500000 / 56.000000", state(pool))
    expect("3b cost", "21.000000", money(pool.take(6)))
    pool.receive(10, 5_000_000)
    expect("3c", "20 / 4.250000 / 85.000000", state(pool))
    expect("3d value", "8.500000", money(pool.customer_return(2)))
    expect("3d", "22 / 4.250000 / 93.500000", state(pool))
    expect("3e value", "25.000000", money(pool.supplier_return(5, 5_000_000)))
    expect("3e", "17 / 4.029412 / 68.500000", state(pool))
    expect("3f value", "12.088235", money(pool.put(3, pool.at_wac(3))))
    expect("3f", "20 / 4.029412 / 80.588235", state(pool))
    expect("3g cost", "16.117647", money(pool.take(4)))
    expect("3g", "16 / 4.029412 / 64.470588", state(pool))

    a, b = Pool(), Pool()
    a.receive(30, 2_000_000)
    b.receive(10, 3_500_000)

    def item():
        quantity, value = a.on_hand + b.on_hand, a.value + b.value
        return f"{quantity} / {money(half_even(value, quantity))} / {money(value)}"

    expect("5a", "40 / 2.375000 / 95.000000", item())
    b.put(12, a.take(12))
    expect("5b A", "18 / 2.000000 / 36.000000", state(a))
    expect("5b B", "22 / 2.681818 / 59.000000", state(b))
    expect("5b item", "40 / 2.375000 / 95.000000", item())
    expect("5c cost", "53.636364", money(b.take(20)))
    expect("5c B", "2 / 2.681818 / 5.363636", state(b))
    expect("5c item", "20 / 2.068182 / 41.363636", item())

    for line in wrong:
        print(line)
    print("self-check: " + (f"{len(wrong)} wrong" if wrong else "all examples agree"))
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("recompute", help="print the stock that must result")
    one.add_argument("file")
    one.add_argument("--totals", action="store_true", help="leave the items out")
    two = commands.add_parser("compare", help="compare with a server")
    two.add_argument("file")
    two.add_argument("--url", required=True)
    two.add_argument("--api-key", required=True)
    two.add_argument("--threads", type=int, default=8)
    commands.add_parser("self-check", help="the costing examples")
    arguments = parser.parse_args()
    if arguments.command == "self-check":
        return self_check()
    if arguments.command == "compare":
        return compare(arguments.file, arguments.url, arguments.api_key, max(1, arguments.threads))
    out = shown(recompute(arguments.file))
    if arguments.totals:
        del out["items"]
    json.dump(out, sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
