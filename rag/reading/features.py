"""What can be compared between a question or a claim and the sentences of passages, as plain numbers.

Pure functions over words; the vectors' cosine and the probabilities are made in support.py.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from rag.core.types import Passage, Vector
from rag.reading.dates import DATE, days_of
from rag.reading.prose import headings_above, is_heading, places_above
from rag.reading.questions import answers_kind, asked_words
from rag.reading.rows import RowPlace, heading_parts, row_places
from rag.scoring.fences import is_fenced
from rag.scoring.sentences import sentence_spans
from rag.scoring.words import content_words

__all__ = [
    "Unit",
    "claim_features",
    "coverage",
    "passage_words",
    "question_features",
    "summary_features",
    "units_of",
    "weights_of",
    "windows",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence, list item, table row or block of code of a passage."""

    passage: int  # index of its passage
    start: int  # offsets into the passage's text
    end: int
    text: str
    words: frozenset[str]
    about: frozenset[str]  # words of title and headings, of a row's header and group, of what leads to code
    label: str  # these, as text
    place: RowPlace  # in the table that it is a row of, if it is one
    is_heading: bool
    is_code: bool = False  # between fences
    below: tuple["Unit", ...] = ()  # of a heading with marks or underlined, what stands under it


_SPEAKING = (  # what a text has without saying it
    (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.\w"), frozenset(content_words("email mail address"))),
    (re.compile(r"\b1st\b"), frozenset(content_words("first"))),
    (re.compile(r"\b2nd\b"), frozenset(content_words("second"))),
    (re.compile(r"\b3rd\b"), frozenset(content_words("third"))),
    (re.compile(r"\b(?i:closed)\b"), frozenset(content_words("open"))),
    (re.compile(r"\b(?i:permitted|forbidden|prohibited)\b"), frozenset(content_words("allowed"))),
    (re.compile(r"\bhttps?://|\bwww\.\w"), frozenset(content_words("website web address link url"))),
    (
        re.compile(rf"\A\W*v?\d+(?:\.\d+)+\S*\W{{1,4}}(?i:{DATE.pattern})\W*\Z"),
        frozenset(content_words("version release")),
    ),
)
_SHORT_DAY = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|MON|TUE|WED|THU|FRI|SAT|SUN)[a-zA-Z]{0,2}\b")


def units_of(passages: Sequence[Passage]) -> list[Unit]:
    """Cut the passages into sentences, in order."""
    units: list[Unit] = []
    words_of = cache(lambda label: frozenset(content_words(label)))  # most units share theirs
    for index, passage in enumerate(passages):
        parts, _ = heading_parts(passage)
        spans = sentence_spans(passage.text)
        texts = [passage.text[start:end] for start, end in spans]
        lead, first = "", len(units)
        for (start, end), text, place, above in zip(
            spans, texts, row_places(passage, spans), headings_above(texts), strict=True
        ):
            is_code = is_fenced(text)
            beside = (*above, place.caption, place.header, place.group, lead if is_code else "")
            labels = [*parts, *(part for part in beside if part and part not in parts)]
            units.append(
                Unit(
                    index,
                    start,
                    end,
                    text,
                    frozenset(content_words(text)) | (frozenset() if is_code else _implied(text)),
                    frozenset[str]().union(*map(words_of, labels)),
                    ". ".join(labels),
                    place,
                    heading := is_heading(passage, start, end),
                    is_code,
                )
            )
            lead = "" if heading or is_code or place.cells else text
        units[first:] = _with_what_is_below(units[first:], places_above(texts))
    return units


def _with_what_is_below(units: Sequence[Unit], above: Sequence[Sequence[int]]) -> list[Unit]:
    below: dict[int, list[Unit]] = {}
    for unit, headings in zip(units, above, strict=True):
        for number in headings:
            below.setdefault(number, []).append(unit)
    return [
        replace(unit, below=tuple(below[number])) if number in below else unit
        for number, unit in enumerate(units)
    ]


def _implied(text: str) -> frozenset[str]:
    days = content_words(" ".join(days_of(text))) if _SHORT_DAY.search(text) else ()
    return frozenset(days).union(*(words for pattern, words in _SPEAKING if pattern.search(text)))


def passage_words(units: Sequence[Unit]) -> dict[int, frozenset[str]]:
    """Give the words of each passage, by its index."""
    words: dict[int, frozenset[str]] = {}
    for unit in units:
        words[unit.passage] = words.get(unit.passage, frozenset()) | unit.words
    return words


def weights_of(words: Iterable[str], units: Sequence[Unit]) -> dict[str, float]:
    """Weigh words by how few of the units hold them; a word that none holds weighs most.

    Source: the inverse document frequency of Robertson & Zaragoza, The Probabilistic Relevance
    Framework, 2009, section 3.1, with the units at hand as the collection.
    """
    counts = Counter(word for unit in units for word in unit.words)
    return {word: math.log(1 + (len(units) + 1) / (0.5 + counts[word])) for word in words}


def coverage(weights: Mapping[str, float], words: Collection[str]) -> float:
    """Give the share of the weight that stands in `words`; 0 when there is nothing to cover.

    >>> coverage({"warranti": 3.0, "sensor": 1.0}, {"sensor", "cabl"})
    0.25
    """
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in words) / total if total else 0.0


def question_features(question: str, units: Sequence[Unit], similarities: Sequence[float]) -> Vector:
    """Give (N, 5) float32, a row a unit: how it may answer the question.

    Columns: cosine; coverage of the question by the unit with its title and the unit before; by its
    whole passage; kind of answer (`answers_kind`); log of the number of words.
    """
    weights = weights_of(dict.fromkeys(asked_words(question)), units)
    whole: dict[int, frozenset[str]] = {}
    for unit in units:
        whole[unit.passage] = whole.get(unit.passage, unit.about) | unit.words
    rows: list[tuple[float, ...]] = []
    previous: Unit | None = None
    for unit, similarity in zip(units, similarities, strict=True):
        surroundings = unit.words | unit.about
        if previous is not None and previous.passage == unit.passage:
            surroundings |= previous.words
        rows.append(
            (
                similarity,
                coverage(weights, surroundings),
                coverage(weights, whole[unit.passage]),
                answers_kind(question, unit.text),
                math.log1p(len(unit.words)),
            )
        )
        previous = unit
    return np.array(rows, dtype=np.float32)


def summary_features(logits: Vector, features: Vector) -> Vector:
    """Give (4,) float32: the best logit, cosine, and coverage by surroundings and by passage."""
    return np.array([logits.max(), *features[:, :3].max(axis=0)], dtype=np.float32)


_MAX_WINDOW = 3  # sentences


def windows(units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
    """Give the runs of one to three units of one passage, but for those of headings alone."""
    for first, unit in enumerate(units):
        for last in range(first, min(first + _MAX_WINDOW, len(units))):
            if units[last].passage != unit.passage:
                break
            window = units[first : last + 1]
            if not all(part.is_heading for part in window):
                yield window


def claim_features(
    window: Sequence[Unit],
    weights: Mapping[str, float],
    new: Collection[str],
    similarities: Sequence[float],
) -> Vector:
    """Give (5,) float32: how neighbouring units support a claim.

    Columns: coverage of the claim by the window with its title; without the title; of its new words
    with the title; best cosine; units beyond the first.

    Args:
        window: units of one passage.
        weights: of the claim's words.
        new: those of them that its question does not have; an invention shows in these.
        similarities: cosine of the claim and each unit.
    """
    words = frozenset[str]().union(*(unit.words for unit in window))
    titled = words | window[0].about
    novel = {word: weight for word, weight in weights.items() if word in new} or weights
    return np.array(
        [
            coverage(weights, titled),
            coverage(weights, words),
            coverage(novel, titled),
            max(similarities),
            len(window) - 1,
        ],
        dtype=np.float32,
    )
