"""What another server says of its tools and gives back: checked, cut to size and made harmless.

Knows no connection. Nothing here trusts a server: its names, descriptions and schemas are data as well.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from mcp_types import CallToolResult, EmbeddedResource, TextContent, TextResourceContents
from mcp_types import Tool as ServerTool

from rag.core.errors import InvalidInputError
from rag.generation.constrained.schema import check_schema
from rag.generation.context import neutralise
from rag.scoring.tools import Tool

__all__ = ["plain_schema", "result_text", "spec_of"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_MAX_DESCRIPTION_CHARS = 1000
_MAX_SCHEMA_CHARS = 20_000
_MAX_DEPTH = 12
_MAX_NODES = 2000
# What is kept of a schema. Not kept is what looks elsewhere (`$ref` to an address), and `pattern`, for an
# expression of hostile make can run forever.
_VALUES = frozenset(
    "type required enum const default format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf"
    " uniqueItems minLength maxLength minItems maxItems minProperties maxProperties".split()
)
_COUNTS = frozenset("minLength maxLength minItems maxItems minProperties maxProperties".split())
_MAX_COUNT = 10_000  # a grammar of ten million items takes seconds to make
_PROPERTIES = "properties"
_TEXTS = frozenset({"title", "description"})
_SCHEMAS = frozenset({"items", "additionalProperties", "not"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_KEPT = _VALUES | _TEXTS | _SCHEMAS | _LISTS | {_PROPERTIES}


def spec_of(server: str, tool: ServerTool) -> Tool | None:
    """Give the tool as the model may see it, named `SERVER__TOOL`; None for one that cannot be used.

    No server's tool can take the name of a built-in one or of another server's.
    """
    schema = plain_schema(tool.input_schema)
    if not _NAME.fullmatch(tool.name) or schema is None:
        return None
    return Tool(f"{server}__{tool.name}", _shortened(tool.description or tool.name), schema)


def plain_schema(schema: Mapping[str, Any]) -> Mapping[str, object] | None:
    """Give the schema with local references put in place; None for one that cannot be used.

    >>> plain_schema({"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+$"}}})
    {'type': 'object', 'properties': {'a': {'type': 'string'}}}
    """
    try:
        plain = {**_Schema(schema).plain(schema), "type": "object"}
        Draft202012Validator.check_schema(plain)
        check_schema(plain)
    except (ValueError, KeyError, SchemaError, InvalidInputError):
        return None
    is_object = schema.get("type", "object") == "object"
    return plain if is_object and len(json.dumps(plain)) <= _MAX_SCHEMA_CHARS else None


def result_text(result: CallToolResult, *, max_chars: int) -> str:
    """Give what is text of a result, as it was; what is not is named."""
    parts = []
    for block in result.content:
        if isinstance(block, TextContent):
            parts.append(block.text)
        elif isinstance(block, EmbeddedResource) and isinstance(block.resource, TextResourceContents):
            parts.append(block.resource.text)
        else:
            parts.append(f"({block.type}, not shown)")
    if not parts and result.structured_content is not None:
        parts.append(json.dumps(result.structured_content, ensure_ascii=False))
    text = "\n".join(parts)
    return (
        text
        if len(text) <= max_chars
        else f"{text[:max_chars]}\n({len(text) - max_chars} characters left out)"
    )


class _Schema:
    """One schema's plain form, as deep and as large as it may be."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._open: list[str] = []  # references whose schemas are being put in place
        self._num_nodes = 0

    def plain(self, schema: object, depth: int = 0) -> dict[str, Any]:
        self._num_nodes += 1
        if depth > _MAX_DEPTH or self._num_nodes > _MAX_NODES:
            raise ValueError("deeper or larger than a tool's arguments are")
        if not isinstance(schema, Mapping):
            raise ValueError(f"no schema: {schema!r:.80}")
        if "$ref" in schema:
            return self._referred(str(schema["$ref"]), depth)
        plain = {
            key: self._part(key, value, depth + 1)
            for key, value in schema.items()
            if key in _KEPT and not (key in _COUNTS and (not isinstance(value, int) or value > _MAX_COUNT))
        }
        if schema.get("nullable") is True and isinstance(plain.get("type"), str):  # OpenAPI's word for it
            plain["type"] = [plain["type"], "null"]
            plain |= {"enum": [*plain["enum"], None]} if isinstance(plain.get("enum"), list) else {}
        return plain

    def _referred(self, pointer: str, depth: int) -> dict[str, Any]:
        """Give what a local reference points at; of one that is inside of itself the type alone."""
        found: Any = self._root
        path = pointer.removeprefix("#").split("/")[1:]
        for part in path if pointer.startswith("#") else [""]:
            found = found.get(unquote(part).replace("~1", "/").replace("~0", "~"))
            if not isinstance(found, Mapping):
                raise ValueError(f"nothing is at {pointer:.80}")
        if pointer in self._open:
            return {"type": found["type"]}
        self._open.append(pointer)
        plain = self.plain(found, depth + 1)
        self._open.pop()
        return plain

    def _part(self, key: str, value: Any, depth: int) -> Any:  # Any: JSON
        if key in _TEXTS:
            return _shortened(str(value))
        if key == _PROPERTIES and isinstance(value, Mapping):
            return {str(name): self.plain(each, depth) for name, each in value.items()}
        if key in _LISTS and isinstance(value, Sequence):
            return [self.plain(each, depth) for each in value]
        if key in _SCHEMAS and not isinstance(value, bool):
            return self.plain(value, depth)
        return value


def _shortened(text: str) -> str:
    line = " ".join(neutralise(text).split())
    return line if len(line) <= _MAX_DESCRIPTION_CHARS else f"{line[:_MAX_DESCRIPTION_CHARS]}…"
