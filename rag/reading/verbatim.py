"""Where a sentence stands in a passage word for word, whatever the spaces, case and quotes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.core.types import Passage
from rag.reading.prose import without_underline
from rag.scoring.fences import code_spans, is_fenced, unfenced
from rag.scoring.quotations import blank_marks
from rag.scoring.sentences import sentence_spans
from rag.scoring.words import content_words

__all__ = ["FINAL", "Place", "find_verbatim", "squeeze", "without_lead_in"]

_SAME = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "\u00ad": None}
)
FINAL = ".!?…;:,。！？"
_LEAD_IN = re.compile(
    r"^(?:(?:so,? )?(?:the )?(?:final )?answer(?: to (?:the|this|your) question)?(?: is)?:? +"
    r"|(?:according to|based on) (?:the|this|these) (?:given |provided )?"
    r"(?:text|passage|document|context)s?,? +)"
    r"(?=\S)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A span of one passage's text."""

    passage: int
    start: int
    end: int


def find_verbatim(sentence: str, passages: Sequence[Passage]) -> Place | None:
    """Find the whole sentences of a passage that read as this one does; None if there are none.

    A part of a sentence is not verbatim: what is left out may turn its meaning. The fences of code and what
    underlines a heading do not count.
    """
    if is_fenced(sentence):
        return _find_code(sentence, passages)
    wanted, _ = squeeze(sentence)
    wanted = wanted.rstrip(FINAL)
    if not wanted or not content_words(sentence):
        return None
    for index, passage in enumerate(passages):
        text, places = squeeze(passage.text)
        spans = sentence_spans(passage.text)
        starts, ends = {start for start, _ in spans}, {end: end for _, end in spans}
        ends |= {start + len(without_underline(passage.text[start:end])): end for start, end in spans}
        at = text.find(wanted)
        while at >= 0:
            start = places[at]
            end = _sentence_end(passage.text, places[at + len(wanted) - 1] + 1, ends)
            if start in starts and end is not None:
                return Place(index, start, end)
            at = text.find(wanted, at + 1)
    return None


def _find_code(code: str, passages: Sequence[Passage]) -> Place | None:
    wanted, _ = squeeze(unfenced(code))
    for index, passage in enumerate(passages):
        for start, end in code_spans(passage.text):
            if wanted and squeeze(unfenced(passage.text[start:end]))[0] == wanted:
                return Place(index, start, end)
    return None


def without_lead_in(sentence: str) -> str:
    """Take away what models put before an answer, which says nothing of its subject.

    >>> without_lead_in("So, the final answer is: 60 months.")
    '60 months.'
    """
    return _LEAD_IN.sub("", sentence)


def squeeze(text: str) -> tuple[str, list[int]]:
    """Give the text without white space and marks of quotation, in one case and one kind of quotes.

    Beside it, whence each character is.

    >>> squeeze("A “b”")
    ('a"b"', [0, 2, 3, 4])
    """
    squeezed: list[str] = []
    places: list[int] = []
    for place, character in enumerate(blank_marks(text)):
        if character.isspace():
            continue
        for same in character.translate(_SAME).casefold():
            squeezed.append(same)
            places.append(place)
    return "".join(squeezed), places


def _sentence_end(text: str, end: int, ends: dict[int, int]) -> int | None:
    while end not in ends and end < len(text) and (text[end] in FINAL or text[end] in "\"'”’)]"):
        end += 1
    return ends.get(end)
