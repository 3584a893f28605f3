"""What the answer before holds for the next question: a number to reckon on, an item of a list, a name.

Knows the shape of our own answers: a lead line of few words, or one item a line.
"""

import re

from agents._numbers import numbers_in
from rag.scoring.words import content_words

__all__ = ["answering", "with_item", "with_number"]

_MAX_STEP = 200  # characters of a question that goes on with a number
_MAX_LEAD = 6  # words; a sentence has numbers that are not its answer, and so has a refusal
_STEP = re.compile(
    r"\W*(?:and|then|now|so)?\s*(?P<step>(?:times|plus|minus|divided by|multiplied by|[-+*/×÷])"
    r"\s*\d[\d.,]*\s*%?)[\s?.!]*",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\W*(?:(?:and|then|so)\b\s*)?(?P<before>.*\d\s*(?:%|percent) of )"
    r"(?:it|that|this|that (?:number|amount|price|sum))(?P<after>[\s?.!]*)",
    re.IGNORECASE,
)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": 0}
_PAIR = {"former": 1, "latter": 2}
_NTH_WORD = "|".join(_ORDINALS)
_NTH = re.compile(
    rf"\b(?:the )?(?:(?P<word>{_NTH_WORD})|(?P<digits>\d{{1,2}})(?:st|nd|rd|th))"
    r"(?: (?:ones?|item|entry|document|file)\b| of (?:them|these|those)\b|(?=\W*$))"
    rf"|(?<=\bdoes )the (?P<subject>{_NTH_WORD}|former|latter)(?= \w+\W*$)"
    r"|(?<!\w)(?:number |no\. ?|#)(?P<number>\d{1,2})(?=\W*$)"
    r"|\bthe (?P<pair>former|latter)(?: one)?(?=\W*$)",
    re.IGNORECASE,
)
_MAX_ITEM = 6  # words; what is longer is a piece of a sentence, not one of several
_NUMBERED = re.compile(r"\d{1,3}\. (?:\S+: )?(?P<item>.+)")
_MAX_NAME = 6  # words of an answer that can be a name
_PEOPLE = {"he", "him", "his", "she", "her", "hers"}
_MANY = {"they", "them", "these", "those"}
_WHICH = re.compile(  # but of "which floor is the lab on" the lab is spoken of
    r"\W*(?:and |so )?which (?P<kind>[\w-]+)\b(?! (?:is|are|was|were|do|does|did|can|should|will)"
    r" (?:(?:the|an?|my|our|your)\b(?! (?:\w+est|most|least)\b)|(?:i|we|you)\b|(?-i:[A-Z])))",
    re.IGNORECASE,
)
_KINDS = re.compile(r"\w+[^\Wsui]s|people|children", re.IGNORECASE)
_COLUMN = re.compile(r"^[^:\n]{1,60}: ")  # before what stands in it: "Part: Bell"
_IS_QUERY = re.compile(r"\[\w+: SELECT\b")


def with_number(question: str, answer: str) -> str | None:
    """Give a step of reckoning with the number that it goes on from; None where there is no such number.

    >>> with_number("times 2?", "12 * 40 = 480"), with_number("What is 15% of that?", "40 dollars")
    ('480 times 2', 'What is 15% of 40?')
    """
    if len(question) > _MAX_STEP:
        return None
    step, part = _STEP.fullmatch(question), _PART.fullmatch(question)
    lead = answer.split("\n", 1)[0].rpartition(" = ")[2]
    numbers = numbers_in(lead)
    if len(numbers) != 1 or len(lead.split()) > _MAX_LEAD or not (step or part):
        return None
    if step:
        return f"{numbers[0]} {step['step'].strip()}"
    assert part is not None, "it is one of the two"
    return f"{part['before']}{numbers[0]}{part['after']}"


def with_item(question: str, answer: str) -> str | None:
    r"""Give the question with the item that it counts off in the answer before; None where it counts none.

    >>> with_item("Where does the second one live?", "Ada\nBo\n[shop: SELECT name FROM customer]")
    'Where does Bo live?'
    """
    if (match := _NTH.search(question)) is None:
        return None
    items = _items(answer)
    digits = match["digits"] or match["number"]
    word = (match["word"] or match["subject"] or match["pair"] or "").lower()
    at = int(digits) if digits else (_ORDINALS | _PAIR)[word]
    if at > len(items) or not items or (word in _PAIR and len(items) != len(_PAIR)):
        return None
    return f"{question[: match.start()]}{items[at - 1]}{question[match.end() :]}"


def answering(pronoun: str, subject: str, answer: str) -> str:
    """Give what a pronoun means by what was asked for before, and was answered, or nothing.

    So who it was, which it is ("bus 14" of the number alone), or which things were asked for.

    >>> answering("her", "Who is the chair?", "Ann Lee"), answering("it", "Which bus goes there?", "14")
    ('Ann Lee', 'bus 14')
    >>> answering("they", "Which rooms are free?", "None."), answering("it", "Where is it?", "In Oslo")
    ('the rooms', '')
    """
    word, asks = pronoun.lower(), _WHICH.match(subject)
    lead = _COLUMN.sub("", answer.split("\n", 1)[0]).strip().rstrip(".")
    is_name = bool(content_words(lead)) and len(lead.split()) <= _MAX_NAME
    if word in _PEOPLE:
        return (
            lead if is_name and lead[:1].isupper() and re.match(r"\W*who\b", subject, re.IGNORECASE) else ""
        )
    if asks is None:
        return ""
    if _KINDS.fullmatch(asks["kind"]):
        return f"the {asks['kind']}" if word in _MANY else ""
    is_word = re.search(r"[^\W\d_]{2}", lead) is not None
    return (lead if is_word else f"{asks['kind']} {lead}") if is_name else ""


def _items(answer: str) -> list[str]:
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    if numbered := [match["item"] for line in lines if (match := _NUMBERED.fullmatch(line))]:
        return numbered
    if lines and _IS_QUERY.match(lines[-1]):
        rows = lines[1:-1] if " | " in lines[0] else lines[:-1]
        return [row.split(" | ")[0] for row in rows]
    rows = [line.split(" | ")[0] for line in lines if " | " in line][1:]  # behind the header
    bullets = [line[2:] for line in lines if re.match(r"[-*•–] ", line)]
    for several in (rows, bullets):
        if len(several) > 1:
            return several
    named = re.split(r",\s*(?:and\s+)?|\s+and\s+", lines[0].rstrip(".")) if lines else []
    are_items = len(named) > 1 and all(len(each.split()) <= _MAX_ITEM for each in named)
    return named if are_items else []
