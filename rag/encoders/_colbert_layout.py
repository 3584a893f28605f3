"""What the folder of a ColBERT checkpoint says of itself, laid out as by Stanford or PyLate. No weights."""

import json
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rag.core.errors import InvalidInputError

Augmentation = Literal["fixed", "dynamic"]
_STEP, _LEAST_MASKS = 32, 8


@dataclass(frozen=True, slots=True)
class ColbertLayout:
    """How a checkpoint wants its texts."""

    query_marker: str  # a token after the first one; empty for none
    passage_marker: str
    query_length: int  # tokens, special ones and the marker among them
    passage_length: int
    attends_to_masks: bool  # whether other tokens see the [MASK]s that lengthen a query
    has_masks: bool
    skipped: tuple[str, ...]  # tokens of passages that get no vector
    dense: tuple[str, ...]  # folders of the projections, in order; none: `linear.weight` of the main file

    def padded_length(self, num_tokens: int, augmentation: Augmentation) -> int:
        """Give the tokens of a query with its [MASK]s.

        Dynamic: the next multiple of 32, and 8 [MASK]s at least.
        Source: Clavié, JaColBERTv2.5, 2024, section 3.

        >>> layout = ColbertLayout("[Q]", "[D]", 32, 180, False, True, (), ())
        >>> [layout.padded_length(each, "dynamic") for each in (20, 26, 33)]
        [32, 34, 64]
        """
        if not self.has_masks:
            return num_tokens
        if augmentation == "fixed":
            return self.query_length
        return max(-(-num_tokens // _STEP) * _STEP, num_tokens + _LEAST_MASKS)


def read_layout(directory: Path) -> ColbertLayout:
    """Read a checkpoint's own description.

    Raises:
        InvalidInputError: the folder is in neither layout.
    """
    if (directory / "modules.json").exists():
        return _pylate(directory)
    if (directory / "artifact.metadata").exists():
        return _stanford(_json(directory / "artifact.metadata"))
    raise InvalidInputError(
        f"{directory} holds no ColBERT checkpoint: "
        "wanted artifact.metadata (Stanford) or modules.json (PyLate)"
    )


def _stanford(values: dict[str, Any]) -> ColbertLayout:
    return ColbertLayout(
        query_marker=values.get("query_token_id") or "[unused0]",
        passage_marker=values.get("doc_token_id") or "[unused1]",
        query_length=int(values.get("query_maxlen") or 32),
        passage_length=int(values.get("doc_maxlen") or 220),
        attends_to_masks=bool(values.get("attend_to_mask_tokens", False)),
        has_masks=True,
        skipped=tuple(string.punctuation) if values.get("mask_punctuation", True) else (),
        dense=(),
    )


def _pylate(directory: Path) -> ColbertLayout:
    values = _json(directory / "config_sentence_transformers.json")
    modules = _json(directory / "modules.json")
    has_masks = bool(_value(values, "do_query_expansion", True))
    return ColbertLayout(
        query_marker=_value(values, "query_prefix", "[Q] "),
        passage_marker=_value(values, "document_prefix", "[D] "),
        query_length=int(_value(values, "query_length", 32)),
        passage_length=int(_value(values, "document_length", 180)),
        attends_to_masks=has_masks and bool(_value(values, "attend_to_expansion_tokens", False)),
        has_masks=has_masks,
        skipped=tuple(_value(values, "skiplist_words", string.punctuation)),
        dense=tuple(module["path"] for module in modules if module["type"].endswith("Dense")),
    )


def _value(values: dict[str, Any], name: str, default: Any) -> Any:  # Any: a field of a JSON object
    return default if values.get(name) is None else values[name]


def _json(path: Path) -> Any:  # Any: JSON
    return json.loads(path.read_text(encoding="utf-8"))
