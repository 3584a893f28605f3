"""The search of token vectors in PostgreSQL, as in the embedded store.

The first search of a process copies a segment's, which never change, into a file of its own, mapped into
memory, that ends with the process.
"""

import tempfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from rag.core.filters import Filter
from rag.core.row_bytes import book_of_bytes
from rag.core.types import Codebook, Hit, Segment, TokenCodes, Vector
from rag.stores._token_file import TokenFile, write_tokens
from rag.stores._tokens import Kept, Packed, num_candidates_for, tokens_of_bytes

__all__ = ["TokenSearch", "books_of", "kept_tokens"]

_ROWS_AT_ONCE = 1024
_MAX_COPIES = 256
_TOKENS = """
SELECT ordinal, chunk_id, num_tokens, book, has_whole, tokens FROM segment_rows
WHERE segment_id = :segment AND tokens IS NOT NULL ORDER BY ordinal
"""
_BOOKS = "SELECT book, content FROM segment_codebooks WHERE segment_id = :segment"
_VISIBLE = """
SELECT ordinal FROM segment_rows WHERE segment_id = :segment AND tokens IS NOT NULL AND {visible}
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Copy:
    """The rows of a segment that have token vectors."""

    ordinals: NDArray[np.int64]  # (N,)
    chunk_ids: Sequence[str]
    dims: frozenset[int]  # of the tokens
    file: TokenFile


@dataclass(slots=True)
class _Place:
    """Where the copy of a segment is, once it is made."""

    lock: Lock = field(default_factory=Lock)
    copy: _Copy | None = None


class TokenSearch:
    """Finds chunks by token vectors."""

    def __init__(self, *, num_candidates: int, num_probes: int) -> None:
        self._num_candidates = num_candidates
        self._num_probes = num_probes
        self._places: OrderedDict[str, _Place] = OrderedDict()
        self._lock = Lock()

    def best(
        self,
        session: Session,
        query: Vector,
        segments: Sequence[Segment],
        visible: str,
        parameters: dict[str, Any],
        filter: Filter | None,
    ) -> list[Hit]:
        """Give the best of the visible rows of segments that are all there.

        Args:
            session: sees the segments.
            query: (Q, D).
            segments: to search.
            visible: the condition of the rows that may be found.
            parameters: of the condition, and `k`.
            filter: what the condition has of the caller's; none lets all rows but deleted ones be found.
        """
        k = parameters["k"]
        hits = []
        for segment in segments:
            copy = self._copied(session, segment.segment_id)
            if query.shape[1] in copy.dims:
                is_whole = filter is None and not segment.dead
                mask = None if is_whole else _mask(session, segment, copy, visible, parameters)
                count = num_candidates_for(len(copy.ordinals), least=self._num_candidates, k=k)
                of_copy = copy.file.search(query, mask, num_candidates=count, num_probes=self._num_probes)
                hits += [Hit(copy.chunk_ids[row], score) for row, score in of_copy]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[:k]

    def _copied(self, session: Session, segment_id: str) -> _Copy:
        """Give the copy of a segment, made once, however many want it at the same time."""
        with self._lock:
            place = self._places.setdefault(segment_id, _Place())
            self._places.move_to_end(segment_id)
            if len(self._places) > _MAX_COPIES:
                self._places.popitem(last=False)
        with place.lock:
            # In the caller's session: one more connection might have to wait for those that wait here.
            place.copy = place.copy or _copy(session, segment_id)
            return place.copy


def books_of(session: Session, segment_id: str) -> dict[str, Codebook]:
    """Give the codebooks of a segment by their names."""
    found = session.execute(text(_BOOKS), {"segment": segment_id})
    return {name: book_of_bytes(content) for name, content in found}


def kept_tokens(row: Any, books: Mapping[str, Codebook]) -> Kept:  # Any: a row of the database
    """Give the tokens of a row that has some, as they are kept."""
    book = None if row.book is None else books[row.book]
    return tokens_of_bytes(row.tokens, row.num_tokens, book, has_whole=row.has_whole)


def _copy(session: Session, segment_id: str) -> _Copy:
    """Copy a segment's token vectors."""
    ordinals: list[int] = []
    chunk_ids: list[str] = []
    tokens: list[Kept] = []
    books = books_of(session, segment_id)
    options = {"yield_per": _ROWS_AT_ONCE}
    for row in session.execute(text(_TOKENS), {"segment": segment_id}, execution_options=options):
        ordinals.append(row.ordinal)
        chunk_ids.append(row.chunk_id)
        tokens.append(kept_tokens(row, books))
    with tempfile.TemporaryDirectory(prefix="grove-tokens-") as folder:
        write_tokens(Path(folder) / "tokens", Packed.of_kept(tokens))
        file = TokenFile(Path(folder) / "tokens")  # its mapping outlives the folder
    dims = frozenset(
        len(each.codebook.rotation) if isinstance(each, TokenCodes) else each.shape[1] for each in tokens
    )
    return _Copy(np.array(ordinals, dtype=np.int64), chunk_ids, dims, file)


def _mask(
    session: Session, segment: Segment, copy: _Copy, visible: str, parameters: dict[str, Any]
) -> NDArray[np.bool_]:
    """Say of a copy's rows which are visible."""
    asked = {**parameters, "segment": segment.segment_id}
    seen = session.scalars(text(_VISIBLE.format(visible=visible)), asked).all()
    return np.isin(copy.ordinals, np.array(seen, dtype=np.int64))
