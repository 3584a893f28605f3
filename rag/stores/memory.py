"""Everything in memory, everything exact: the oracle that the other stores are compared with.

Source of BM25: Robertson & Zaragoza, The Probabilistic Relevance Framework, 2009, section 3, with
Lucene's idf. Statistics are those of all rows of the searched segments, dead and filtered ones too.
"""

import math
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy.orm import Session

from rag.core.errors import SegmentGoneError
from rag.core.filters import Filter, matches
from rag.core.protocols import StoreCapabilities
from rag.core.queries import Query, SectionQuery, TextQuery, TokenQuery, VectorQuery
from rag.core.types import Hit, Row, Segment, Vector
from rag.scoring.words import analyze, query_words
from rag.stores._ordered import in_order
from rag.stores._tokens import floats_of

__all__ = ["Memory"]

_K1 = 1.2
_B = 0.75


class Memory:
    """Keep rows in lists and look at every one of them."""

    capabilities = StoreCapabilities(is_exact=True, is_transactional=False, is_durable=False)

    def __init__(self) -> None:
        self._segments: dict[str, tuple[Row, ...]] = {}

    def stage(self, rows: Iterable[Row], *, session: Session) -> Segment:
        """Keep a new segment."""
        segment_id, kept = uuid.uuid4().hex, tuple(rows)
        self._segments[segment_id] = kept
        return Segment(segment_id, len(kept))

    def search(
        self, query: Query, segments: Sequence[Segment], *, filter: Filter | None, k: int
    ) -> list[Hit]:
        """Score every row, then keep the k best that may be found."""
        rows = [(row, segment) for segment in segments for row in self._kept(segment)]
        if isinstance(query, SectionQuery):  # sections of what must not be found take no places
            rows = [each for each in rows if _is_visible(*each, filter)]
        scores = _scores(query, rows)
        hits = [
            Hit(row.chunk_id, score)
            for (row, segment), score in zip(rows, scores, strict=True)
            if score is not None and _is_visible(row, segment, filter)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))[:k]

    def rows(self, segment: Segment, *, session: Session) -> Iterator[Row]:
        """Give the live rows back."""
        yield from (row for row in self._kept(segment) if row.version_id not in segment.dead)

    def vectors(self, chunk_ids: Sequence[str], segments: Sequence[Segment]) -> Vector:
        """Give the vectors of chunks."""
        kept = {row.chunk_id: row.vector for segment in segments for row in self._kept(segment)}
        return in_order(chunk_ids, kept)

    def drop(
        self, segment_ids: Sequence[str] | None, *, keep: Sequence[str], session: Session
    ) -> list[str]:
        """Forget segments."""
        doomed = set(self._segments if segment_ids is None else segment_ids) - set(keep)
        return [segment_id for segment_id in doomed if self._segments.pop(segment_id, None) is not None]

    def _kept(self, segment: Segment) -> tuple[Row, ...]:
        rows = self._segments.get(segment.segment_id)
        if rows is None:
            raise SegmentGoneError(f"segment {segment.segment_id} is gone; search again")
        return rows


def _is_visible(row: Row, segment: Segment, condition: Filter | None) -> bool:
    return row.version_id not in segment.dead and matches(condition, row.attributes)


def _scores(query: Query, rows: Sequence[tuple[Row, Segment]]) -> list[float | None]:
    match query:
        case VectorQuery():
            return _cosines(query, rows)
        case SectionQuery():
            return _in_sections(query, rows)
        case TokenQuery():
            return [_maxsim(query, row) for row, _ in rows]
        case TextQuery():
            return _bm25(query.text, rows)


def _in_sections(query: SectionQuery, rows: Sequence[tuple[Row, Segment]]) -> list[float | None]:
    found = {
        (row.version_id, row.section.number): float(row.section.vector @ query.section_vector)
        for row, _ in rows
        if row.section is not None
    }
    best = dict(sorted(found.items(), key=lambda item: -item[1])[: query.num_sections])
    scores: list[float | None] = []
    for row, _ in rows:
        of_section = best.get((row.version_id, row.section.number)) if row.section is not None else None
        score = None if of_section is None else float(row.vector @ query.vector) + query.weight * of_section
        scores.append(score)
    return scores


def _maxsim(query: TokenQuery, row: Row) -> float | None:
    if row.tokens is None:
        return None
    return float((query.vectors @ floats_of(row.tokens).T).max(axis=1).sum())


def _cosines(query: VectorQuery, rows: Sequence[tuple[Row, Segment]]) -> list[float | None]:
    return [float(row.vector @ query.vector) for row, _ in rows]


def _bm25(text: str, rows: Sequence[tuple[Row, Segment]]) -> list[float | None]:
    counts = [Counter(analyze(row.text)) for row, _ in rows]
    lengths = [sum(count.values()) for count in counts]
    mean_length = sum(lengths) / len(lengths) if lengths else 0.0
    words = query_words(text)
    found = {word: sum(word in count for count in counts) for word in words}
    scores: list[float | None] = []
    for count, length in zip(counts, lengths, strict=True):
        norm = _K1 * (1 - _B + _B * length / mean_length) if mean_length else _K1
        parts = [
            math.log(1 + (len(rows) - found[word] + 0.5) / (found[word] + 0.5))
            * (count[word] * (_K1 + 1) / (count[word] + norm))
            for word in words
            if count[word]
        ]
        scores.append(sum(parts) if parts else None)
    return scores
