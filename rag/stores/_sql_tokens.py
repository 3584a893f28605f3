"""The search of token vectors in PostgreSQL, as in the embedded store.

The first search of a process copies a segment's, which never change, into a file of its own, mapped into
memory, that ends with the process.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from rag.core.errors import SegmentGoneError
from rag.core.filters import Filter
from rag.core.row_bytes import book_of_bytes
from rag.core.types import Codebook, Hit, Segment, TokenCodes, Vector
from rag.db.session import Database
from rag.stores._token_file import TokenFile, write_tokens
from rag.stores._tokens import Kept, Packed, num_candidates_for, tokens_of_bytes

__all__ = ["TokenSearch"]

_ROWS_AT_ONCE = 1024
_TOKENS = """
SELECT ordinal, chunk_id, num_tokens, book, has_whole, tokens, segment_id FROM segment_rows
WHERE segment_id = :segment AND tokens IS NOT NULL ORDER BY ordinal
"""
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


class TokenSearch:
    """Finds chunks by token vectors."""

    def __init__(self, database: Database, *, num_candidates: int, num_probes: int) -> None:
        self._database = database
        self._num_candidates = num_candidates
        self._num_probes = num_probes
        self.book = lru_cache(maxsize=256)(self._read_book)
        self._copies = lru_cache(maxsize=256)(self._copy)

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
            copy = self._copies(segment.segment_id)
            if query.shape[1] in copy.dims:
                is_whole = filter is None and not segment.dead
                mask = None if is_whole else _mask(session, segment, copy, visible, parameters)
                count = num_candidates_for(len(copy.ordinals), least=self._num_candidates, k=k)
                of_copy = copy.file.search(query, mask, num_candidates=count, num_probes=self._num_probes)
                hits += [Hit(copy.chunk_ids[row], score) for row, score in of_copy]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[:k]

    def tokens(self, row: Any) -> Kept:  # Any: a row of the database
        """Give the tokens of a row that has some, as they are kept."""
        book = None if row.book is None else self.book(row.book, row.segment_id)
        return tokens_of_bytes(row.tokens, row.num_tokens, book, has_whole=row.has_whole)

    def _copy(self, segment_id: str) -> _Copy:
        """Copy a segment's token vectors; it never changes: a transaction of its own sees the same."""
        ordinals: list[int] = []
        chunk_ids: list[str] = []
        tokens: list[Kept] = []
        with self._database.read() as session:
            options = {"yield_per": _ROWS_AT_ONCE}
            for row in session.execute(text(_TOKENS), {"segment": segment_id}, execution_options=options):
                ordinals.append(row.ordinal)
                chunk_ids.append(row.chunk_id)
                tokens.append(self.tokens(row))
        with tempfile.TemporaryDirectory(prefix="grove-tokens-") as folder:
            write_tokens(Path(folder) / "tokens", Packed.of_kept(tokens))
            file = TokenFile(Path(folder) / "tokens")  # its mapping outlives the folder
        dims = frozenset(
            len(each.codebook.rotation) if isinstance(each, TokenCodes) else each.shape[1]
            for each in tokens
        )
        return _Copy(np.array(ordinals, dtype=np.int64), chunk_ids, dims, file)

    def _read_book(self, name: str, segment_id: str) -> Codebook:
        query = text("SELECT content FROM segment_codebooks WHERE segment_id = :segment AND book = :book")
        with self._database.read() as session:
            content = session.scalar(query, {"segment": segment_id, "book": name})
        if content is None:
            raise SegmentGoneError(f"segment {segment_id} is gone; search again")
        return book_of_bytes(content)


def _mask(
    session: Session, segment: Segment, copy: _Copy, visible: str, parameters: dict[str, Any]
) -> NDArray[np.bool_]:
    """Say of a copy's rows which are visible."""
    asked = {**parameters, "segment": segment.segment_id}
    seen = session.scalars(text(_VISIBLE.format(visible=visible)), asked).all()
    return np.isin(copy.ordinals, np.array(seen, dtype=np.int64))
