"""JSON of a schema, or sentences of a grammar, token by token: which tokens may follow those written.

Knows the grammar alone; who has the logits applies the mask. The engine is llguidance, vLLM's own.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from numpy.typing import NDArray

from rag.core.errors import InvalidInputError
from rag.core.protocols import GenerationOptions

if TYPE_CHECKING:
    from llguidance._lib import JsonCompileOptions

__all__ = ["SchemaMask", "check_schema", "mask_of"]

# Small models fill their answer with blanks where these are allowed.
_FORMAT: "JsonCompileOptions" = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "lenient": True,
}


class SchemaMask:
    """One answer in the writing."""

    def __init__(self, vocabulary: LLTokenizer, schema: Mapping[str, Any] | str) -> None:  # Any: JSON
        """Start at nothing written.

        Args:
            vocabulary: the model's tokens.
            schema: of the JSON, or a grammar in Lark's form.

        Raises:
            InvalidInputError: not a JSON schema or grammar, or one that no text satisfies.
        """
        grammar = LLMatcher.grammar_from_lark(schema) if isinstance(schema, str) else _grammar(schema)
        self._matcher = LLMatcher(vocabulary, grammar)
        self._check()

    def forbidden(self, size: int) -> NDArray[np.bool_]:
        """Give (size,): True for a token that may not come next; the end comes once all is written."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        allowed = np.zeros(size, dtype=np.bool_)
        known = np.unpackbits(bits, bitorder="little")[:size]
        allowed[: len(known)] = known
        return ~allowed

    def accept(self, token_id: int) -> None:
        """Go on behind this token."""
        self._matcher.consume_token(token_id)
        self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            raise InvalidInputError(f"the schema cannot be kept: {self._matcher.get_error()}")


def mask_of(vocabulary: Callable[[], LLTokenizer], options: GenerationOptions) -> SchemaMask | None:
    """Give what holds an answer to the options' schema or grammar; None where they have neither.

    Raises:
        InvalidInputError: they have both, or one that cannot be kept.
    """
    if options.schema is not None and options.grammar is not None:
        raise InvalidInputError("an answer keeps a schema or a grammar; give one of them")
    kept = options.schema if options.grammar is None else options.grammar
    return None if kept is None else SchemaMask(vocabulary(), kept)


def check_schema(schema: Mapping[str, Any]) -> None:  # Any: JSON
    """Check that answers can be held to the schema.

    Raises:
        InvalidInputError: they cannot; the message says why.
    """
    if fault := LLMatcher.validate_grammar(_grammar(schema)):
        raise InvalidInputError(f"no answer can keep the schema: {fault}")


def _grammar(schema: Mapping[str, Any]) -> str:  # Any: JSON
    try:
        return LLMatcher.grammar_from_json_schema(dict(schema), overrides=_FORMAT)
    except ValueError as error:
        raise InvalidInputError(f"not a JSON schema: {error}") from error
