"""An answer held to a schema keeps it, whatever the model would rather write."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from llguidance import LLTokenizer

from rag.core.errors import InvalidInputError
from rag.generation.constrained.schema import SchemaMask, check_schema

BYTES = LLTokenizer("byte")  # one token a byte, and the end
END = BYTES.eos_token
SCHEMAS: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {"a": {"type": "boolean"}},
        "required": ["a"],
        "additionalProperties": False,
    },
    {"enum": ["red", "green", 3, None]},
    {"type": "integer", "minimum": -12, "maximum": 34},
    {"type": "array", "items": {"enum": [1, 2]}, "minItems": 1, "maxItems": 3},
    {"anyOf": [{"const": "x"}, {"type": "object", "properties": {}, "additionalProperties": False}]},
]


def written(schema: dict[str, Any], seed: int) -> str:
    """Let a model of no taste write: of what may follow it takes any."""
    random = np.random.default_rng(seed)
    mask, text = SchemaMask(BYTES, schema), b""
    while True:
        allowed = np.flatnonzero(~mask.forbidden(BYTES.vocab_size))
        token = int(random.choice(allowed))
        if token == END:
            return text.decode()
        mask.accept(token)
        text += bytes([token])


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
@given(seed=st.integers(0, 2**32 - 1))
def test_whatever_is_written_is_of_the_schema(schema: dict[str, Any], seed: int) -> None:
    Draft202012Validator(schema).validate(json.loads(written(schema, seed)))


def test_what_the_schema_forbids_is_not_accepted() -> None:
    mask = SchemaMask(BYTES, {"const": "x"})
    with pytest.raises(InvalidInputError, match="cannot be kept"):
        mask.accept(ord("5"))


def test_tokens_that_no_grammar_knows_are_forbidden() -> None:
    size = BYTES.vocab_size + 64  # models pad their vocabulary
    forbidden = SchemaMask(BYTES, {"type": "integer"}).forbidden(size)
    assert forbidden.shape == (size,)
    assert forbidden[BYTES.vocab_size :].all()


@pytest.mark.parametrize(
    "schema",
    [{"type": "integer", "minimum": 2, "maximum": 1}, {"type": "code"}, {"$ref": "#/$defs/none"}],
)
def test_a_schema_that_no_answer_keeps_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        check_schema(schema)
