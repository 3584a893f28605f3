"""Rows of a store, and the codebooks of their tokens, as bytes that any store reads back the same."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.core.types import Codebook, Row, Section, TokenCodes

__all__ = ["book_bytes", "book_of_bytes", "bytes_of_rows", "rows_of_bytes"]

_BOOK = ("rotation", "centroids", "widths", "tables", "gains", "missed")
_NO_GAINS = np.ones(1, dtype=np.float16)  # of older codebooks


def book_bytes(codebook: Codebook) -> bytes:
    """Give a codebook as bytes; equal ones give equal bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, **{name: getattr(codebook, name) for name in _BOOK})
    return buffer.getvalue()


def book_of_bytes(content: bytes) -> Codebook:
    """Read what `book_bytes` gave."""
    with np.load(io.BytesIO(content)) as arrays:
        if "steps" in arrays:
            return _of_steps(arrays)
        of_book = {name: arrays[name] for name in _BOOK if name in arrays}
    return Codebook(**{"gains": _NO_GAINS, **of_book, "missed": float(of_book["missed"])})


def _of_steps(arrays: Mapping[str, NDArray[Any]]) -> Codebook:  # Any: of several kinds
    """Read a codebook of older segments: each axis has steps of its own, each eight axes as many bits."""
    of_groups = arrays["group_bits"].astype(np.int64)  # 4, 2, 1 or 0, descending
    bits = np.repeat(of_groups[of_groups > 0], 8)
    shifts = 8 - bits * (1 + np.arange(len(bits)) % (8 // bits))
    values = (np.arange(256)[:, None] >> shifts) & (2**bits - 1)
    tables = np.zeros((256, len(arrays["scales"])), dtype=np.float16)
    rows = np.searchsorted([-4, -2, -1], -bits)
    tables[:, : len(bits)] = arrays["steps"][rows, values] * arrays["scales"][: len(bits)]
    widths = np.concatenate([np.full(each, 8 // each) for each in of_groups[of_groups > 0]])
    missed = float((arrays["scales"] ** 2).sum())
    return Codebook(arrays["rotation"], arrays["centroids"], widths, tables, _NO_GAINS, missed)


def bytes_of_rows(rows: Sequence[Row], book_names: Mapping[int, str]) -> bytes:
    """Pack rows of one dimension, at least one.

    Args:
        rows: to pack.
        book_names: the names, by `id`, of the codebooks that their tokens are of.
    """
    kept = [row.tokens for row in rows]
    sections = {id(row.section): row.section.vector for row in rows if row.section is not None}
    places = {each: place for place, each in enumerate(sections)}
    fields = [
        {
            "chunk_id": row.chunk_id,
            "version_id": row.version_id,
            "text": row.text,
            "attributes": dict(row.attributes),
            "num_tokens": None if tokens is None else len(tokens),
            "has_whole": row.has_whole,
            "book": book_names[id(tokens.codebook)] if isinstance(tokens, TokenCodes) else None,
            "section": None if row.section is None else [row.section.number, places[id(row.section)]],
        }
        for row, tokens in zip(rows, kept, strict=True)
    ]
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
        "rows": np.frombuffer(json.dumps(fields, ensure_ascii=False).encode(), dtype=np.uint8),
        "vectors": np.stack([row.vector for row in rows]),
        "sections": np.stack([*sections.values()]) if sections else np.zeros((0, 0), dtype=np.float32),
    }
    for number, tokens in enumerate(kept):
        if tokens is not None:
            arrays[f"tokens{number}"] = tokens.codes if isinstance(tokens, TokenCodes) else tokens
        if isinstance(tokens, TokenCodes) and tokens.whole is not None:
            arrays[f"whole{number}"] = tokens.whole
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def rows_of_bytes(content: bytes, books: Mapping[str, Codebook]) -> list[Row]:
    """Read what `bytes_of_rows` gave, with the codebooks by name.

    Raises:
        ValueError, KeyError: they are not such bytes, or a codebook is missing.
    """
    with np.load(io.BytesIO(content)) as arrays:
        fields = json.loads(arrays["rows"].tobytes())
        vectors = arrays["vectors"].astype(np.float32, copy=False)
        section_vectors = arrays["sections"]
        tokens = [
            None if each["num_tokens"] is None else arrays[f"tokens{number}"]
            for number, each in enumerate(fields)
        ]
        wholes = [arrays.get(f"whole{number}") for number in range(len(fields))]
    sections = {
        place: Section(number, section_vectors[place])
        for number, place in (each["section"] for each in fields if each["section"])
    }
    rows = []
    for each, vector, part, whole in zip(fields, vectors, tokens, wholes, strict=True):
        attributes = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in each["attributes"].items()
        }
        kept = (
            part if part is None or each["book"] is None else TokenCodes(books[each["book"]], part, whole)
        )
        rows.append(
            Row(
                each["chunk_id"],
                each["version_id"],
                each["text"],
                vector,
                attributes,
                kept,
                sections[each["section"][1]] if each["section"] else None,
                each.get("has_whole", False),  # older archives do not say
            )
        )
    return rows
