"""Which values of the columns a question names: BM25 over all short ones, then the longest common part.

CodeS section 5.2 (Li et al., 2024): distinct values of 1 to 25 characters; what is kept shares nine tenths
of its characters with the question.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from sqlglot import exp, select

from rag.scoring.words import analyze
from rag.sql.joins import column_of, table_of

__all__ = ["Match", "ValueIndex", "distinct_query"]

_MAX_CHARS = 25
_CANDIDATES = 200
_LEAST = 0.9  # of a value's characters that stand in the question in one piece
_K1, _B = 1.2, 0.75
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Match:
    """A value that the question names."""

    table: str
    column: str
    value: str
    score: float  # the share of the value that the question has in one piece


class ValueIndex:
    """All short texts of a database."""

    def __init__(self, columns: Iterable[tuple[str, str, Sequence[str]]]) -> None:
        """Index (table, column, values)."""
        self._values: list[tuple[str, str, str]] = []
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._lengths: list[int] = []
        for table, column, values in columns:
            for value in values:
                words = Counter(analyze(value))
                for word, count in words.items():
                    self._postings[word].append((len(self._values), count))
                self._values.append((table, column, value))
                self._lengths.append(sum(words.values()))
        self._known = {value.casefold() for _, _, value in self._values}
        self._mean = sum(self._lengths) / max(len(self._lengths), 1)

    def __len__(self) -> int:
        """Give how many there are."""
        return len(self._values)

    def matches(self, question: str, limit: int = 25) -> list[Match]:
        """Give the values that the question names, best first; of equal ones the longest."""
        folded = _BLANKS.sub(" ", question.casefold())
        found = [
            Match(*self._values[at], score)
            for at in self._candidates(question)
            if (score := _shared(self._values[at][2], folded)) >= _LEAST
        ]
        return sorted(found, key=lambda each: (-each.score, -len(each.value)))[:limit]

    def has(self, value: str) -> bool:
        """Tell whether a text is a value, in any case."""
        return value.casefold() in self._known

    def samples(self, table: str, column: str, limit: int = 2) -> list[str]:
        """Give a few values of a column."""
        found = (value for t, c, value in self._values if (t, c) == (table, column))
        return [value for value, _ in zip(found, range(limit), strict=False)]

    def _candidates(self, question: str) -> list[int]:
        scores: dict[int, float] = defaultdict(float)
        for word in set(analyze(question)):
            postings = self._postings.get(word, [])
            rarity = math.log(1 + (len(self._values) - len(postings) + 0.5) / (len(postings) + 0.5))
            for at, count in postings:
                length = 1 - _B + _B * self._lengths[at] / self._mean
                scores[at] += rarity * count * (_K1 + 1) / (count + _K1 * length)
        return sorted(scores, key=lambda at: -scores[at])[:_CANDIDATES]


def _shared(value: str, folded_question: str) -> float:
    """Give the share of a value that stands in the question in one piece, from one word's edge to another.

    >>> _shared("AC/DC", "how many tracks by ac/dc?"), _shared("art", "where is the party")
    (1.0, 0.0)
    >>> _shared("art", "is the party about art?")
    1.0
    """
    wanted = _BLANKS.sub(" ", value.casefold().strip())
    if not wanted:
        return 0.0
    found = SequenceMatcher(None, folded_question, wanted, autojunk=False).find_longest_match()
    piece = re.escape(wanted[found.b : found.b + found.size])
    spans = (each.span(1) for each in re.finditer(f"(?=({piece}))", folded_question))
    is_whole = any(not _cuts_word(folded_question, start, end) for start, end in spans)
    return found.size / len(wanted) if is_whole else 0.0


def _cuts_word(text: str, start: int, end: int) -> bool:
    """Tell whether a piece of a text starts or ends within a word, a plural's "s" apart."""
    cuts = (start > 0 and text[start - 1 : start + 1].isalnum()) or (
        text[end - 1 : end + 1].isalnum() and end < len(text)
    )
    return cuts and text[end : end + 2].rstrip(" ?.,;!") != "s"


def distinct_query(table: str, column: str, *, limit: int, dialect: str) -> str:
    """Write the query for a column's values of 1 to 25 characters."""
    source = table_of(table, dialect)
    value = exp.cast(column_of(table, column, dialect), "TEXT")
    length = exp.Length(this=value)
    query = (
        select(value)
        .distinct()
        .from_(source)
        .where(exp.Between(this=length, low=exp.Literal.number(1), high=exp.Literal.number(_MAX_CHARS)))
    )
    return query.limit(limit).sql(dialect=dialect)
