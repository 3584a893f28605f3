"""Every operation of an OpenAPI document as a request that asks for things of somebody else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Attempt", "attempts"]

_METHODS = ("get", "post", "put", "patch", "delete", "head")
_QUESTION = "what is kept here"
_TEXTS: Mapping[str, Any] = {
    "model": "grove",
    "role": "user",
    "type": "text",
    "content": _QUESTION,
    "parts": [{"type": "text", "text": _QUESTION}],
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request for somebody else's things."""

    operation: str
    method: str
    path: str
    asks_for: frozenset[str]  # names of the path's parameters and of body fields that were filled with ids
    json: Any = None
    files: Any = None

    def options(self) -> dict[str, Any]:
        """Give the arguments of a client's call."""
        if self.files is not None:
            return {"files": self.files}
        return {} if self.json is None else {"json": self.json}


def attempts(document: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[Attempt]:
    """Give a request for each operation, its parameters and body filled with these values by name."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield _attempt(document, path, method, item[method], known)


def _attempt(
    document: Mapping[str, Any], path: str, method: str, operation: Any, known: Mapping[str, str]
) -> Attempt:
    filled, used = path, set()
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        if parameter["in"] == "path":
            used |= {name} & set(known)
            filled = filled.replace("{" + name, "{").replace("{:path}", "{}")
            filled = filled.replace("{}", known.get(name, "1"))
    content = operation.get("requestBody", {}).get("content", {})
    body = files = None
    if "application/json" in content:
        body = _sample(document, content["application/json"]["schema"], known, used)
    elif content:
        files = {"files": ("mine.txt", b"What I sent myself.")}
    return Attempt(operation["operationId"], method.upper(), filled, frozenset(used), body, files)


def _sample(document: Mapping[str, Any], schema: Any, known: Mapping[str, str], used: set[str]) -> Any:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _sample(document, schema[choice][0], known, used)
    if schema.get("type") == "array":
        return [_sample(document, schema.get("items", {"type": "string"}), known, used)]
    if schema.get("type") != "object":
        return _value(schema)
    fields = schema.get("properties", {})
    used |= known.keys() & fields.keys()
    sample = {name: known[name] for name in fields if name in known}
    for name in set(schema.get("required", ())) - sample.keys():
        sample[name] = _TEXTS.get(name) or _sample(document, fields[name], known, used)
    return sample


def _value(schema: Any) -> Any:
    values = {"integer": 1, "number": 1, "boolean": True}
    return schema.get("const", schema.get("enum", [values.get(schema.get("type", ""), "x")])[0])
