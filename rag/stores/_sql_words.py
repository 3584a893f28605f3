"""Words in PostgreSQL: found by its text index, the best candidates ranked by BM25 (as in memory.py)."""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from rag.core.types import Hit, Segment

_CANDIDATES = 1000  # rows that are ranked by BM25
_MAX_POSITION = 16_383  # of a tsvector
_MAX_WORD_CHARS = 500

_LENGTHS = """
SELECT segment_id, sum(num_words) FROM segment_rows WHERE segment_id = ANY(:unknown) GROUP BY segment_id
"""
_FREQUENCIES = """
SELECT asked.word, (
    SELECT count(*) FROM segment_rows
    WHERE segment_id = ANY(:segments) AND words @@ CAST(asked.query AS tsquery)
)
FROM unnest(CAST(:asked_words AS text[]), CAST(:queries AS text[])) AS asked (word, query)
"""
# Candidates are chosen by what BM25 gives when each word stands once; `ts_rank` of a word grows with its
# count. Unpacked once a row: each look at packed words would unpack them anew.
_BM25 = """
WITH candidates AS (
    SELECT chunk_id, words, num_words FROM segment_rows
    CROSS JOIN LATERAL (SELECT words || '' AS unpacked OFFSET 0) AS once
    WHERE words @@ CAST(:query AS tsquery) AND {visible}
    ORDER BY (
        SELECT sum(idf * ts_rank(unpacked, query))
        FROM unnest(CAST(:queries AS tsquery[]), CAST(:idfs AS float8[])) AS asked (query, idf)
    ) / (1 + 1.2 * (0.25 + 0.75 * num_words / :mean_words)) DESC, chunk_id LIMIT :candidates
)
SELECT chunk_id, sum(
    asked.idf * cardinality(found.positions) * 2.2
    / (cardinality(found.positions) + 1.2 * (0.25 + 0.75 * num_words / :mean_words))
) AS score
FROM candidates
CROSS JOIN LATERAL unnest(words) AS found (word, positions, weights)
JOIN unnest(CAST(:asked_words AS text[]), CAST(:idfs AS float8[])) AS asked (word, idf) USING (word)
GROUP BY chunk_id
ORDER BY score DESC, chunk_id
LIMIT :k
"""


class WordSearch:
    """Finds chunks by words; remembers how many words each segment has, for none of them changes."""

    def __init__(self) -> None:
        self._num_words: dict[str, int] = {}

    def best(
        self,
        session: Session,
        words: Sequence[str],
        segments: Sequence[Segment],
        visible: str,
        parameters: dict[str, Any],
    ) -> list[Hit]:
        """Give the best rows that have any of the words and that the condition `visible` lets be seen."""
        words = [word for word in words if len(word) <= _MAX_WORD_CHARS]
        num_rows = sum(segment.num_rows for segment in segments)
        if not words or not num_rows:
            return []
        asked = {"asked_words": words, "queries": [_quoted(word) for word in words]}
        counted = session.execute(text(_FREQUENCIES), {**parameters, **asked}).all()
        counts: dict[str, int] = {word: count for word, count in counted}
        idfs = [math.log(1 + (num_rows - counts[word] + 0.5) / (counts[word] + 0.5)) for word in words]
        found = session.execute(
            text(_BM25.format(visible=visible)),
            {
                **parameters,
                **asked,
                "query": " | ".join(asked["queries"]),
                "candidates": max(_CANDIDATES, parameters["k"]),
                "mean_words": self._count(session, segments) / num_rows or 1.0,
                "idfs": idfs,
            },
        )
        return [Hit(*row) for row in found]

    def _count(self, session: Session, segments: Sequence[Segment]) -> int:
        ids = [segment.segment_id for segment in segments if segment.num_rows]
        unknown = [each for each in ids if each not in self._num_words]
        if unknown:
            counted = session.execute(text(_LENGTHS), {"unknown": unknown})
            self._num_words.update({segment_id: num_words for segment_id, num_words in counted})
        return sum(self._num_words[each] for each in ids)


def tsvector(words: Sequence[str]) -> str:
    """Give the words, with their positions, as PostgreSQL reads a tsvector."""
    positions: dict[str, list[int]] = {}
    for position, word in enumerate(words, 1):
        if len(word) <= _MAX_WORD_CHARS:
            positions.setdefault(word, []).append(min(position, _MAX_POSITION))
    return " ".join(f"{_quoted(word)}:{','.join(map(str, places))}" for word, places in positions.items())


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
