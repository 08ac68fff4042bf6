"""What one writer writes: movements, absolute quantities and catalogue changes through all four APIs, at random.

Some of its writes are about the stock that all writers share; absolute ones are about an item of its own, so that it
knows what is there, can ask for a compare-and-set that must succeed, and can read its own writes.
"""
import datetime

from realm import CODES, SKUS
from writes import BulkWrite, Entry, KeyedBatch, WholeBatch, Write

EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
FBA = "FBA"


class Level:
    """The writer's own item at one location, as the writer knows it."""

    def __init__(self, code):
        self.code = code
        self.quantity = 0
        self.price = None
        self.safety_stock = 0


class Repertoire:
    """The writes of one writer, made of its own random numbers. One at a time: the next one may build on the last."""

    def __init__(self, realm, name, chance):
        self.realm, self.name, self.chance = realm, name, chance
        self.count = 0
        self.sku = f"OWN-{name}"
        self.fba = f"{FBA}-{name}"
        self.levels = {code: Level(code) for code in CODES[:2]}
        self.first = [self.own_item(), self.own_marketplace()]
        self.kinds = [
            (8, self.skutrail_delta), (6, self.skutrail_quantity), (8, self.movement), (2, self.keyed_batch),
            (2, self.whole_batch), (6, self.seller_set), (3, self.seller_bulk), (1, self.snapshot),
            (6, self.linkit_set), (2, self.linkit_bulk), (1, self.new_item), (1, self.new_location),
            (1, self.renamed_item),
            (1, self.renamed_location), (1, self.new_product), (1, self.renamed_product), (1, self.described_endpoint)]

    def next(self):
        """The next write."""
        self.count += 1
        if self.first:
            return self.first.pop(0)
        weights = [weight for weight, _ in self.kinds]
        return self.chance.choices(self.kinds, weights)[0][1]()

    # What is used once.

    def token(self):
        return f"{self.name}-{self.count}"

    def unique_quantity(self, line=0):
        """Never the same twice, up and down."""
        number = self.count * 8 + line
        return number if self.chance.random() < 0.5 else 900_000_000 - number

    def write(self, method, path, body, entries, **others):
        return Write(self.realm, method, path, body, self.token(), entries, **others)

    # What all writers share.

    def stock(self):
        return self.chance.choice(SKUS), self.chance.choice(CODES)

    @staticmethod
    def moved(reference, sku, code, delta):
        return Entry("movement", reference, sku=sku, warehouse=code, delta=delta)

    def skutrail_delta(self):
        sku, code = self.stock()
        delta = self.chance.choice([1, 2, 5, 30, -1, -4, -10])
        body = {"sku": sku, "warehouse": code, "delta": delta, "reason": "crash_count", "reference": self.token()}
        return self.write(
            "POST", "/v1/inventory/ledger", body, [self.moved(self.token(), sku, code, delta)], may_be_refused=True)

    def skutrail_quantity(self):
        sku, code = self.stock()
        reason = self.chance.choice(["receipt", "pick", "adjustment", "transfer"])
        quantity = self.chance.randint(1, 12)
        body = {"sku": sku, "warehouse": code, "qty": quantity, "reason": reason, "reference": self.token()}
        if reason == "transfer":
            body["to_warehouse"] = self.chance.choice([other for other in CODES if other != code])
        delta = quantity if reason in ("receipt", "adjustment") else -quantity
        return self.write(
            "POST", "/v1/inventory/ledger", body, [self.moved(self.token(), sku, code, delta)], may_be_refused=True)

    def movement_line(self, reference):
        sku, code = self.stock()
        kind, sign = self.chance.choice(
            [("receipt", 1), ("sale", -1), ("return", 1), ("adjustment", -1), ("transfer", 1)])
        quantity = sign * self.chance.randint(1, 9)
        line = {"item_id": sku, "location_id": code, "type": kind, "qty": quantity, "reference": reference}
        if kind == "receipt":
            line["unit_cost"] = f"{self.chance.randint(1, 999)}.{self.chance.randint(0, 999_999):06}"
        if kind == "transfer":
            line["to_location_id"] = self.chance.choice([other for other in CODES if other != code])
        return line, self.moved(reference, sku, code, -quantity if kind == "transfer" else quantity)

    def movement(self):
        line, entry = self.movement_line(self.token())
        return self.write("POST", "/inventory/v1/movements", line, [entry], may_be_refused=True)

    def keyed_batch(self):
        made = [self.movement_line(f"{self.token()}-{number}") for number in range(self.chance.randint(1, 20))]
        lines = [{**line, "idempotency_key": line["reference"]} for line, _ in made]
        return KeyedBatch(self.realm, lines, [entry for _, entry in made])

    def whole_batch(self):
        made = [self.movement_line(f"{self.token()}-{number}") for number in range(self.chance.randint(1, 10))]
        body = {"atomic": True, "movements": [line for line, _ in made]}
        return WholeBatch(
            self.realm, "POST", "/inventory/v1/movements/batch", body, self.token(), [entry for _, entry in made],
            may_be_refused=True)

    # Its own item.

    def own_item(self):
        return Write(
            self.realm, "POST", "/inventory/v1/items", {"sku": self.sku, "name": self.sku}, f"{self.name}-own",
            [Entry("item", self.sku)])

    def own_marketplace(self):
        body = {"name": self.fba, "code": self.fba, "type": "FBA", "marketplace": "somewhere"}
        return Write(
            self.realm, "POST", "/api/inventory/warehouses", body, f"{self.name}-fba", [Entry("location", self.fba)])

    def own_level(self):
        return self.levels[self.chance.choice(list(self.levels))]

    def settings(self, level, price, safety_stock):
        return Entry("settings", self.sku, level.code, price, safety_stock)

    def seller_set(self):
        level, quantity = self.own_level(), self.unique_quantity()
        before, safety_stock = level.quantity, self.chance.choice([None, self.count])
        body = {
            "warehouse_id": level.code, "quantity": quantity, "reason": "recount", "reference": self.token(),
            "expected_quantity": before}
        entries = [self.moved(self.token(), self.sku, level.code, quantity - before)]
        if safety_stock is not None:
            body["safety_stock"] = safety_stock
            entries.append(self.settings(level, level.price, safety_stock))
        if self.chance.random() < 0.2:
            body["title"] = f"title {self.token()}"
            entries.append(Entry("item-name", self.sku, body["title"]))

        def then(_):
            level.quantity = quantity
            level.safety_stock = level.safety_stock if safety_stock is None else safety_stock

        return self.write("PUT", f"/api/inventory/{self.sku}", body, entries, then=then)

    def seller_bulk(self):
        """Sets stock that others move meanwhile: what each line changed, its answer says."""
        updates, entries = [], []
        for number in range(self.chance.randint(1, 5)):
            sku, code = self.stock()
            reference = f"{self.token()}-{number}"
            # Not 0: a level without a record would get one, which is an entry without a reference.
            quantity = self.chance.randint(1, 60)
            updates.append({"sku": sku, "warehouse_id": code, "quantity": quantity, "reference": reference})
            entries.append(Entry("movement", reference, sku=sku, warehouse=code, on_hand=quantity))
        return BulkWrite(
            self.realm, "POST", "/api/inventory/bulk", {"updates": updates}, self.token(), entries,
            line_is_recorded=lambda body, index: body["data"][index]["status"] == "updated")

    def snapshot(self):
        observed = (EPOCH + datetime.timedelta(seconds=self.count)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        quantity = self.unique_quantity()
        return self.write(
            "POST", f"/api/inventory/warehouses/{self.fba}/snapshot",
            {"observed_at": observed, "items": [{"sku": self.sku, "quantity": quantity}]},
            [Entry("observed", self.fba, observed), Entry("set", self.sku, self.fba, quantity)])

    def linkit_set(self):
        level, quantity, price = self.own_level(), self.unique_quantity(), None
        body = {"qty": quantity}
        entries = [Entry("set", self.sku, level.code, quantity, delta=quantity - level.quantity)]
        if self.chance.random() < 0.5:
            body["price"], price = self.count / 100, f"{self.count // 100}.{self.count % 100:02}0000"
            entries.append(self.settings(level, price, level.safety_stock))

        def then(_):
            level.quantity, level.price = quantity, price or level.price

        return self.write("PUT", f"/api/v1/skus/code/{self.sku}_{level.code}", body, entries, then=then)

    def linkit_bulk(self):
        quantities = {code: self.unique_quantity(number) for number, code in enumerate(self.levels)}
        lines = [{"iv_id": f"{self.sku}_{code}", "qty": quantity} for code, quantity in quantities.items()]

        def then(_):
            for code, quantity in quantities.items():
                self.levels[code].quantity = quantity

        return self.write(
            "POST", "/api/v1/skus/bulk", {"mode": "upsert", "skus": lines},
            [Entry("set", self.sku, code, quantity) for code, quantity in quantities.items()], then=then)

    # The catalogue.

    def new_item(self):
        sku = f"NEW-{self.token()}"
        body = {"sku": sku, "name": sku, "price": "1.5", "metadata": {"made by": self.name}}
        return self.write("POST", "/inventory/v1/items", body, [Entry("item", sku)])

    def new_location(self):
        code = f"LOC-{self.token()}"
        return self.write("POST", "/inventory/v1/locations", {"code": code, "name": code}, [Entry("location", code)])

    def new_product(self):
        sku = f"PROD-{self.token()}"
        return self.write("POST", "/api/v1/products", {"iv_id": sku, "name": sku, "price": 2.25}, [Entry("item", sku)])

    def renamed_item(self):
        sku, name = self.chance.choice(SKUS), f"name {self.token()}"
        return self.write("PATCH", f"/inventory/v1/items/{sku}", {"name": name}, [Entry("item-name", sku, name)])

    def renamed_product(self):
        name = f"product {self.token()}"
        return self.write(
            "PUT", f"/api/v1/products/code/{self.sku}", {"name": name}, [Entry("item-name", self.sku, name)])

    def renamed_location(self):
        code, name = self.chance.choice(CODES), f"name {self.token()}"
        return self.write(
            "PATCH", f"/inventory/v1/locations/{code}", {"name": name}, [Entry("location-name", code, name)])

    def described_endpoint(self):
        if not self.realm.endpoints:
            return self.movement()
        endpoint, description = self.chance.choice(self.realm.endpoints), f"description {self.token()}"
        return self.write(
            "PATCH", f"/inventory/v1/webhooks/{endpoint.id}", {"description": description},
            [Entry("webhook", endpoint.id, description)])
