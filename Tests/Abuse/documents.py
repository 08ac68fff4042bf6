"""The published OpenAPI documents, as a judge of answers and as what valid requests are made from."""

import json

import jsonschema

from ledgerserver import ROOT

APIS = ("skutrail", "sk-inventory", "seller", "linkit")


class Operation:
    """One operation of one document, with its references resolved."""

    def __init__(self, document, api, method, path, described):
        self.document, self.api, self.method, self.path = document, api, method.upper(), path
        self.id = described["operationId"]
        self.parameters = [document.resolve(parameter) for parameter in described.get("parameters", [])]
        self.responses = {int(status): document.resolve(answer) for status, answer in described["responses"].items()}
        content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
        self.needs_body = described.get("requestBody", {}).get("required", False)
        self.schema = document.resolve(content["schema"]) if content else None
        self.examples = [example["value"] for example in content.get("examples", {}).values()]
        self.is_stream = (
            "text/event-stream" in self.responses[200].get("content", {}) if 200 in self.responses else False
        )

    @property
    def writes(self):
        return self.method != "GET"

    @property
    def key_header(self):
        """The Idempotency-Key as the document has it; None where there is none."""
        return next((p for p in self.parameters if p["name"] == "Idempotency-Key"), None)

    @property
    def query(self):
        return [parameter for parameter in self.parameters if parameter["in"] == "query"]

    def objection(self, answer):
        """What the document has against an answer; None when it is one that it names."""
        described = self.responses.get(answer.status)
        if described is None:
            return f"{answer.status} is not in the document"
        kind = answer.headers.get("content-type", "").split(";")[0]
        content = described.get("content", {})
        if kind not in content:
            return f"{answer.status} has the content type {kind!r}, the document names {sorted(content)}"
        if "json" not in kind:
            return None
        missing = [
            name
            for name in described.get("headers", {})
            if name.startswith("X-") and name.lower() not in answer.headers
        ]
        return f"no {missing[0]}" if missing else self.document.disagreement(content[kind]["schema"], answer)

    def __repr__(self):
        return f"{self.id} ({self.method} {self.path})"


class Document:
    """One of the four documents."""

    def __init__(self, api):
        self.api = api
        self.tree = json.loads((ROOT / "openapi" / f"{api}.json").read_text())
        self.validators = {}
        self.operations = [
            Operation(self, api, method, path, described)
            for path, methods in self.tree["paths"].items()
            for method, described in methods.items()
            if method != "parameters"
        ]

    def resolve(self, node):
        while "$ref" in node:
            *_, kind, name = node["$ref"].split("/")
            node = self.tree["components"][kind][name]
        return node

    def disagreement(self, schema, answer):
        """Why a body is not what the schema says; None when it is."""
        name = json.dumps(schema)
        if name not in self.validators:
            self.validators[name] = jsonschema.Draft202012Validator({**schema, "components": self.tree["components"]})
        try:
            error = next(self.validators[name].iter_errors(answer.json()), None)
        except ValueError as failure:
            return f"the body is not JSON: {failure}"
        return error and f"{error.json_path}: {error.message[:300]}"


def operations():
    """Every operation of the four documents."""
    return [operation for api in APIS for operation in Document(api).operations]


def code_of(answer):
    """The stable code of a refusal, in whichever dialect; an empty text where there is none."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    if "error" not in body:
        return body.get("code", "")
    details = body["error"].get("details", {}) if isinstance(body["error"], dict) else body.get("details", {})
    return details.get("reason", "")
