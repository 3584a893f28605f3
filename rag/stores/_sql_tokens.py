"""The search of token vectors in PostgreSQL: candidates, then MaxSim of what is kept of them.

Codes are found by their centroids, as in the embedded store: which chunks of a segment have a token near to
which centroid is read once, at the first search, and stays in memory (some 250 bytes a chunk; a segment
never changes). Floats, of small segments, are found by their fixed-dimensional encodings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
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
from rag.scoring.residual import nearest_centroids
from rag.stores._sql_rows import token_candidates
from rag.stores._tokens import Kept, Overview, exact_scores, num_candidates_for, tokens_of_bytes

__all__ = ["TokenSearch"]

_ROWS_AT_ONCE = 1024
_CODES = """
SELECT ordinal, num_tokens, book, has_whole, tokens, segment_id FROM segment_rows
WHERE segment_id = :segment AND book IS NOT NULL ORDER BY ordinal
"""
_VISIBLE = "SELECT segment_id, ordinal FROM segment_rows WHERE book IS NOT NULL AND {visible}"
# The limit keeps each row a look-up by its key: joined, the whole segment would be read.
_WANTED = """
SELECT found.* FROM unnest(CAST(:wanted_of AS text[]), CAST(:wanted AS integer[])) AS wanted (of, number)
CROSS JOIN LATERAL (
    SELECT chunk_id, segment_id, tokens, num_tokens, book, has_whole FROM segment_rows
    WHERE segment_id = wanted.of AND ordinal = wanted.number AND {visible} LIMIT 1
) AS found
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Shelf:
    """The rows of a segment that share a codebook; all or none have a vector of the whole."""

    segment_id: str
    ordinals: NDArray[np.int64]  # (N,)
    overview: Overview


class TokenSearch:
    """Finds chunks by token vectors."""

    def __init__(self, database: Database, *, num_candidates: int, num_probes: int) -> None:
        self._database = database
        self._num_candidates = num_candidates
        self._num_probes = num_probes
        self.book = lru_cache(maxsize=256)(self._read_book)
        self._shelves = lru_cache(maxsize=256)(self._read_shelves)

    def best(
        self,
        session: Session,
        query: Vector,
        fde: Vector,
        segments: Sequence[Segment],
        visible: str,
        parameters: dict[str, Any],
        filter: Filter | None,
    ) -> list[Hit]:
        """Give the best of the visible rows of segments that are all there.

        Args:
            session: sees the segments.
            query: (Q, D).
            fde: its fixed-dimensional encoding.
            segments: to search.
            visible: the condition of the rows that may be found.
            parameters: of the condition, and `k`.
            filter: what the condition has of the caller's; none lets all rows but deleted ones be found.
        """
        found: list[Any] = []  # Any: rows of the database
        shelves = [
            shelf
            for segment in segments
            for shelf in self._shelves(segment.segment_id)
            if len(shelf.overview.book.rotation) == query.shape[1]
        ]
        num_coded = sum(len(shelf.ordinals) for shelf in shelves)
        count = num_candidates_for(num_coded, least=self._num_candidates, k=parameters["k"])
        if num_coded < sum(segment.num_rows for segment in segments):
            found += token_candidates(session, fde, f"book IS NULL AND {visible}", parameters, count=count)
        if shelves:
            is_whole = filter is None and not parameters["dead"]
            mask = None if is_whole else _mask(session, shelves, visible, parameters)
            wanted = self._worth_a_look(query, shelves, mask, count)
            found += session.execute(text(_WANTED.format(visible=visible)), {**parameters, **wanted})
        if not found:
            return []
        scores = exact_scores(query, [self.tokens(row) for row in found]).tolist()
        hits = [Hit(row.chunk_id, score) for row, score in zip(found, scores, strict=True)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[: parameters["k"]]

    def tokens(self, row: Any) -> Kept:  # Any: a row of the database
        """Give the tokens of a row that has some, as they are kept."""
        book = None if row.book is None else self.book(row.book, row.segment_id)
        return tokens_of_bytes(row.tokens, row.num_tokens, book, has_whole=row.has_whole)

    def _worth_a_look(
        self, query: Vector, shelves: Sequence[_Shelf], mask: NDArray[np.bool_] | None, count: int
    ) -> dict[str, object]:
        """Give the segments and ordinals of the allowed rows with the best estimates."""
        of = np.repeat(np.arange(len(shelves)), [len(shelf.ordinals) for shelf in shelves])
        ordinals = np.concatenate([shelf.ordinals for shelf in shelves])
        places = np.arange(len(of)) if mask is None else np.flatnonzero(mask)
        if len(places) > count:
            estimates = [shelf.overview.estimates(query, num_probes=self._num_probes) for shelf in shelves]
            worst_first = np.argpartition(-np.concatenate(estimates)[places], count - 1)
            places = places[worst_first[:count]]
        segment_ids = [shelves[number].segment_id for number in of[places]]
        return {"wanted_of": segment_ids, "wanted": ordinals[places].tolist()}

    def _read_shelves(self, segment_id: str) -> list[_Shelf]:
        """Read a segment's centroids; it never changes: a transaction of its own sees the same."""
        ordinals: dict[tuple[str, bool], list[int]] = {}
        lengths: dict[tuple[str, bool], list[int]] = {}
        nearest: dict[tuple[str, bool], list[NDArray[np.uint16]]] = {}
        wholes: dict[tuple[str, bool], list[NDArray[np.int8]]] = {}
        with self._database.read() as session:
            options = {"yield_per": _ROWS_AT_ONCE}
            for row in session.execute(text(_CODES), {"segment": segment_id}, execution_options=options):
                tokens, key = self.tokens(row), (row.book, row.has_whole)
                assert isinstance(tokens, TokenCodes)
                ordinals.setdefault(key, []).append(row.ordinal)
                lengths.setdefault(key, []).append(len(tokens.codes))
                nearest.setdefault(key, []).append(nearest_centroids(tokens.codes))
                if tokens.whole is not None:
                    wholes.setdefault(key, []).append(tokens.whole)
        shelves = []
        for key, numbers in ordinals.items():
            offsets = np.concatenate([[0], np.cumsum(lengths[key], dtype=np.int64)])
            whole = np.stack(wholes[key]) if key in wholes else None
            book, near = self.book(key[0], segment_id), np.concatenate(nearest[key])
            overview = Overview.of(book, near, offsets, whole)
            shelves.append(_Shelf(segment_id, np.array(numbers), overview))
        return shelves

    def _read_book(self, name: str, segment_id: str) -> Codebook:
        query = text("SELECT content FROM segment_codebooks WHERE segment_id = :segment AND book = :book")
        with self._database.read() as session:
            content = session.scalar(query, {"segment": segment_id, "book": name})
        if content is None:
            raise SegmentGoneError(f"segment {segment_id} is gone; search again")
        return book_of_bytes(content)


def _mask(
    session: Session, shelves: Sequence[_Shelf], visible: str, parameters: dict[str, Any]
) -> NDArray[np.bool_]:
    """Say of all shelves' rows, one shelf after another, which are visible."""
    seen: dict[str, list[int]] = {}
    for segment_id, ordinal in session.execute(text(_VISIBLE.format(visible=visible)), parameters):
        seen.setdefault(segment_id, []).append(ordinal)
    return np.concatenate([np.isin(shelf.ordinals, seen.get(shelf.segment_id, [])) for shelf in shelves])
