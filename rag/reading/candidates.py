"""Sentences that may answer, and the few words of them that do, as an answer begins with them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from rag.core.types import Passage
from rag.reading.questions import wants_sentences
from rag.scoring.quotations import blank_marks
from rag.scoring.sentences import sentence_spans
from rag.scoring.words import content_words

__all__ = ["Candidate", "Judgement", "short_answer"]

_MAX_COLUMN = 60  # characters of a column's name that an answer begins with
_ASKS_DIFFERENCE = re.compile(
    r"\bhow (?:much|many) (?:\w+ )?(more|less|fewer|\w+er)\b(?! than)"
    r".*(?<!more )(?<!less )(?<!fewer )\bthan\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage, and the probability that it answers the question."""

    passage: Passage
    start: int  # offsets into the passage's text
    end: int
    relevance: float
    span: tuple[int, int] | None = None  # the few words of it that do, where a reader found them
    column: str = ""  # what the column is called in which they stand, where they are of a table
    below: tuple[tuple[int, int], ...] = ()  # of a heading that answers: what says what it dates

    @property
    def short_answer(self) -> str | None:
        """Give the words of the span."""
        return (
            None
            if self.span is None
            else " ".join(blank_marks(self.passage.text)[slice(*self.span)].split())
        )

    @property
    def told(self) -> str | None:
        """Give the words of the span as an answer begins with them: "Price (EUR): 89", or themselves."""
        if self.span is None or not 0 < len(self.column) <= _MAX_COLUMN:
            return self.short_answer
        told = f"{self.column}: {self.short_answer}"
        return told if len(sentence_spans(told)) == 1 else self.short_answer


@dataclass(frozen=True, slots=True)
class Judgement:
    """What passages hold of an answer to a question."""

    answerability: float  # the probability that they hold one
    short_answer: str | None = None  # the few words that are it, if such
    best: Candidate | None = None  # the sentence that is likeliest it, where one may be quoted

    @classmethod
    def of(cls, question: str, answerability: float, ranked: Sequence[Candidate]) -> Self:
        """Take the best of the sentences, likeliest answer first."""
        return cls(answerability, short_answer(question, ranked), ranked[0] if ranked else None)


def short_answer(question: str, ranked: Sequence[Candidate]) -> str | None:
    """Give the few words that answer, of the best sentence; None where it takes sentences.

    Words that only point, as "this" and "the same", are no answer, nor is one of two amounts whose
    difference is asked for: the sentence or row with both is.
    """
    if not ranked or wants_sentences(question) or _is_one_of_two(question, ranked[0]):
        return None
    words = ranked[0].short_answer
    return words if words and content_words(words) else None


def _is_one_of_two(question: str, best: Candidate) -> bool:
    """Say whether a difference is asked for, and the sentence does not say `more` or `heavier` too."""
    asks = _ASKS_DIFFERENCE.search(question)
    told = best.passage.text[best.start : best.end]
    return asks is not None and re.search(rf"\b{asks[1]}\b", told, re.IGNORECASE) is None
