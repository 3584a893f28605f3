"""What can be compared between a question or a claim and the sentences of passages, as plain numbers.

Pure functions over words; the vectors' cosine and the probabilities are made in support.py.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.core.types import Passage, Vector
from rag.generation.dates import days_of
from rag.generation.prose import is_heading
from rag.generation.questions import answers_kind, asked_words
from rag.generation.rows import RowPlace, heading_parts, row_places
from rag.scoring.fences import is_fenced
from rag.scoring.sentences import sentence_spans
from rag.scoring.words import content_words

__all__ = [
    "Unit",
    "agrees_in_negation",
    "claim_features",
    "contradicts",
    "coverage",
    "missing_names",
    "missing_numbers",
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


_SPEAKING = (  # what a text has without saying it
    (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.\w"), frozenset(content_words("email mail address"))),
    (re.compile(r"\bhttps?://|\bwww\.\w"), frozenset(content_words("website web address link url"))),
)
_OF_DAYS = re.compile(r"day|daily|weekend|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)", re.IGNORECASE)  # may be


def units_of(passages: Sequence[Passage]) -> list[Unit]:
    """Cut the passages into sentences, in order."""
    units: list[Unit] = []
    for index, passage in enumerate(passages):
        parts, _ = heading_parts(passage)
        spans = sentence_spans(passage.text)
        lead = ""
        for (start, end), place in zip(spans, row_places(passage, spans), strict=True):
            text = passage.text[start:end]
            is_code = is_fenced(text)
            beside = (place.caption, place.header, place.group, lead if is_code else "")
            labels = [*parts, *(part for part in beside if part)]
            units.append(
                Unit(
                    index,
                    start,
                    end,
                    text,
                    frozenset(content_words(text)) | _implied(text),
                    frozenset(word for part in labels for word in content_words(part)),
                    ". ".join(labels),
                    place,
                    heading := is_heading(passage, start, end),
                    is_code,
                )
            )
            lead = "" if heading or is_code or place.cells else text
    return units


def _implied(text: str) -> frozenset[str]:
    days = content_words(" ".join(days_of(text))) if _OF_DAYS.search(text) else ()
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


_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_UNITS = "zero one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_NUMBER_WORDS = {word: value for value, word in enumerate([*_UNITS, *_TEENS])} | {
    word: 10 * value for value, word in enumerate(_TENS, 2)
}
# "zero" and "one" alone are words like others: "no one", "one of them".
_NUMBER_WORD = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[- ]({'|'.join(_UNITS[1:])}))?|({'|'.join([*_UNITS[2:], *_TEENS])}))\b"
)


def missing_numbers(claim: str, texts: Sequence[str]) -> int:
    """Count the numbers of the claim that stand in none of the texts.

    >>> missing_numbers("It sold 1,200 in two years.", ["It sold 1200 units.", "Over 3 years"])
    1
    >>> missing_numbers("It took twenty-four of ninety days.", ["24 days of ninety-one"])
    1
    """
    return len(_numbers(claim) - set[str]().union(*map(_numbers, texts)))


def _numbers(text: str) -> set[str]:
    lowered = text.lower()
    digits = {match.replace(",", "") for match in _NUMBER.findall(lowered)}
    spelled = {
        str(sum(_NUMBER_WORDS[word] for word in parts if word)) for parts in _NUMBER_WORD.findall(lowered)
    }
    return digits | spelled


_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE
)


def agrees_in_negation(claim: str, text: str) -> bool:
    """Say whether both deny or neither does.

    >>> agrees_in_negation("It isn't red.", "It is not red."), agrees_in_negation("It is.", "It is not.")
    (True, False)
    """
    return bool(_NEGATION.search(claim)) == bool(_NEGATION.search(text))


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


_CAPITALISED = re.compile(r"[^\W\d_a-z][\w'’-]*")
_TOKEN = re.compile(r"[\w'’-]+")


def missing_names(claim: str, words: Collection[str]) -> list[str]:
    """Give the names of the claim of which some word is not among `words`, stemmed as `content_words` does.

    A word in capitals is a name but at the start: there it is one if another follows, or if all else of
    the claim is among the words.

    >>> missing_names("Then Tesla met Edison.", content_words("He then met Edison."))
    ['Tesla']
    >>> missing_names("Tesla met Edison.", content_words("Bell met Edison."))
    ['Tesla']
    """
    first, *rest = _TOKEN.findall(claim) or [""]
    names = [token for token in rest if _CAPITALISED.fullmatch(token)]
    others = set(content_words(" ".join(rest)))
    if _CAPITALISED.fullmatch(first) and (rest[:1] == names[:1] or others <= set(words)):
        names.insert(0, first)
    return [name for name in names if not set(content_words(name)) <= set(words)]


def contradicts(claim: str, window: Sequence[Unit], known: Collection[str] = ()) -> bool:
    """Say whether the claim has a number or name that the window lacks, or only one of the two denies.

    Args:
        claim: a sentence.
        window: units of one passage.
        known: stemmed words whose names the claim may use without the window.
    """
    if missing_numbers(claim, [window[0].label, *(unit.text for unit in window)]):
        return True
    held = frozenset[str]().union(known, window[0].about, *(unit.words for unit in window))
    if missing_names(claim, held):
        return True
    words = frozenset(content_words(claim))
    closest = max(window, key=lambda unit: len(words & unit.words))
    return not agrees_in_negation(claim, closest.text)
