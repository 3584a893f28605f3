"""Whether arguments are of a tool's schema, which may be another server's and is trusted in nothing."""

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from rag.core.errors import InvalidInputError
from rag.scoring.tools import Tool

__all__ = ["check_arguments"]

_MAX_CHARS = 100_000
_MAX_MESSAGE_CHARS = 300


def check_arguments(spec: Tool, arguments: Mapping[str, Any]) -> None:
    """Check arguments against the tool's schema; one that allows anything still refuses unknown names.

    Raises:
        InvalidInputError: with the place, what is wrong there, and what is allowed.
    """
    if len(json.dumps(arguments, default=str)) > _MAX_CHARS:
        raise InvalidInputError(f"{spec.name}: arguments of more than {_MAX_CHARS} characters")
    has_parts = any(key in spec.parameters for key in ("allOf", "anyOf", "oneOf"))
    schema = {"unevaluatedProperties" if has_parts else "additionalProperties": False, **spec.parameters}
    try:
        # An empty registry: no reference is ever looked up on the network.
        found = best_match(Draft202012Validator(schema, registry=Registry()).iter_errors(dict(arguments)))
    except (SchemaError, Unresolvable, RecursionError) as error:
        raise InvalidInputError(
            f"{spec.name}: its schema cannot be used: {error}"[:_MAX_MESSAGE_CHARS]
        ) from error
    if found is not None:
        takes = ", ".join(spec.properties) or "no arguments"
        raise InvalidInputError(f"{spec.name}: {_message(found)}; it takes: {takes}")


def _message(error: ValidationError) -> str:
    place = ".".join(str(part) for part in error.absolute_path)
    return f"{place}: {error.message}"[:_MAX_MESSAGE_CHARS] if place else error.message[:_MAX_MESSAGE_CHARS]
