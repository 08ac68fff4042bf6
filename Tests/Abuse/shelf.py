"""What the examples of the documents name, in a ledger of its own: items, locations, an endpoint, so that requests made
from examples are valid."""

import json

LOCATIONS = ("SEA-1", "PDX-1", "STORE-001")
ITEMS = ("SKU-0042", "SKU-001", "SKU-002", "PROD-001", "PROD-002")


class Shelf:
    """A tenant with stock. A new one now and then keeps a long run from wading in what it has made."""

    def __init__(self, session, tenant):
        self.session, self.made = session, 0
        self.key = session.server.make_key(tenant, "test", "--unlimited")
        session.realms += 1
        self.client = session.open_client(self.key)
        for code in LOCATIONS:
            location = self.create("/inventory/v1/locations", {"code": code, "name": code, "allow_negative": True})
        self.location = location["id"]
        self.marketplace = self.create("/inventory/v1/locations", {"code": "EU", "name": "FBA EU", "type": "FBA"})["id"]
        for sku in ITEMS:
            self.item = self.create(
                "/inventory/v1/items", {"sku": sku, "name": sku, "reorder_point": 20, "allow_negative": True}
            )["id"]
            receipt = {"item_id": sku, "location_id": "SEA-1", "qty": 500, "type": "receipt"}
            self.movement = self.create("/inventory/v1/movements", receipt)["id"]
        self.event = "evt_" + self.movement[4:]
        self.webhook = self.new_webhook()

    def create(self, path, body):
        """Creates a thing; gives it."""
        self.made += 1
        answer = self.client.post(path, body, f"shelf-{self.made}")
        if answer.status not in (200, 201):
            raise RuntimeError(f"the shelf could not be stocked: POST {path} {json.dumps(body)}: {answer!r}")
        return answer.json()

    def fresh_name(self):
        self.made += 1
        return f"N{self.made}"

    def new_item(self):
        return self.create("/inventory/v1/items", {"sku": self.fresh_name(), "name": "x", "allow_negative": True})

    def new_location(self):
        return self.create("/inventory/v1/locations", {"code": self.fresh_name(), "name": "x", "allow_negative": True})

    def new_webhook(self):
        # Port 9 of the loopback: nobody listens there.
        return self.create("/inventory/v1/webhooks", {"url": "http://127.0.0.1:9/hook", "events": ["item.archived"]})[
            "id"
        ]

    def head(self):
        head = self.client.get("/v1/ledger/head").json()
        return head["seq"], head["hash"]

    def path_values(self, operation):
        """Values for the path's parameters, under which the operation finds something that it may use up."""
        archives = operation.id.startswith(("archive", "delete"))
        if "/items/" in operation.path:
            return {"id": self.new_item()["id"] if archives else self.item}
        if "/locations/" in operation.path:
            return {"id": self.new_location()["id"] if archives else self.location}
        if "/webhooks/" in operation.path:
            return {"id": self.new_webhook() if archives else self.webhook, "event_id": self.event}
        if "/products/" in operation.path:
            return {"ivId": self.new_item()["sku"] if archives else "PROD-001"}
        if "/branches/" in operation.path:
            return {"ivId": self.new_location()["code"] if archives else "STORE-001"}
        if operation.path.endswith("/snapshot"):
            return {"id": self.marketplace}
        return {
            "id": (
                self.location
                if "/warehouses/" in operation.path
                else self.movement if "/movements/" in operation.path else self.event
            ),
            "sku": "SKU-0042",
            "ivId": "PROD-001_STORE-001",
        }

    def body(self, operation, example):
        """The example with ids that are there, and names that are not taken where it creates something."""
        text = json.dumps(example)
        text = text.replace("itm_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", self.item).replace(
            "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", self.location
        )
        text = text.replace("https://your.app", "http://127.0.0.1:9").replace("till-7-000123", self.fresh_name())
        body = json.loads(text)
        for name in ("sku", "code", "iv_id"):
            if operation.id in CREATIONS and name in body:
                body[name] = self.fresh_name()
        return body


CREATIONS = ("createItem", "createLocation", "createProduct", "createBranch", "createWarehouse")
