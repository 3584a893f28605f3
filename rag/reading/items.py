"""What a text says of the thing it begins with: "- Max: unlimited data", "The rent is 640 pounds".

Knows words; pure functions.
"""

import re
from collections.abc import Set

from rag.reading.counts import NUMBER_WORDS
from rag.reading.questions import asked_words
from rag.scoring.words import analyze, content_words

__all__ = [
    "asked_things",
    "item_amount",
    "item_label",
    "item_property",
    "item_text",
    "label_of",
    "stated_property",
]

_ASKS_LABEL = re.compile(r"^\W*(?:and |so )?(?:which|what|who)\b", re.IGNORECASE)
_ASKS_THE = re.compile(
    r"^\W*(?:and |so )?what(?:['’]s| is| are| was| were) (?:the|an?|my|our|your)\b", re.IGNORECASE
)
_ASKS_WHAT = re.compile(r"\W*(?:and |so )?(what|who)(?:['’]s| is| are| was| were) ", re.IGNORECASE)
_THING = re.compile(r" (?:of|for|in|at|on|with) .*|\W+$", re.DOTALL)
_MAX_TEXT = 12  # words of an item that are given as an answer
_KINDS = frozenset(
    analyze(
        """note important warning caution attention danger tip hint info information reminder remark example
        question answer action decision task todo agreed result update new added fixed changed removed
        improved deprecated security breaking please"""
    )
)
"""What kind of thing an item is, which labels no thing: "Note: the deposit is 30 EUR."."""
_LABELLED = re.compile(
    r"\s*(?:[-*•–]|\d{1,3}[.)])\s+(?:\*\*|__)?([^\s:*_][^:*_\n]{0,40}?)(?:(?:\*\*|__):?|:)\s+([^?]+)\Z"
)
_HOW_MUCH_OF = re.compile(r"\bhow (?:much|many) ([^\W\d_]+)", re.IGNORECASE)
_COUNTED = re.compile(r"\s*[-*•–]\s+(\d[^,;:()\n]{0,40})")
_ASKS_PROPERTY = re.compile(
    r"\W*(?:and )?what(?:['’]s| is| are) (?:the|your|our|my) (.{2,80})", re.IGNORECASE
)
_PROPERTY = re.compile(
    r"\W*(?:[\d.()]+\s+)?(?:the|our|your|an?) ([^,.;:|]{2,40}?) (?:is|are|amounts? to)"
    rf" ((?:(?:about|at least|at most|up to) )?(?:[$€£]?\d|(?:{NUMBER_WORDS})\b)"
    r"(?:[^,.;:|\n]|[.,:](?=\d)){0,60}?)(?=[,.](?!\d)|;|\n| and (?:is|are|the|it) | which |\Z)",
    re.IGNORECASE,
)
_BEGUN = re.compile(r"\s*[-*•–]\s+([^\s\d,:][^,:\n]{0,30}?), ")


def item_label(question: str, item: str, about: Set[str]) -> tuple[int, int] | None:
    """Give where the label of a list's item stands, if the question asks which of the items has its text.

    It does if that text has all words of the question that the item does not stand under, and does not
    itself name what is asked for: "What is the deposit?" of "- Keys: the deposit is 30 EUR".

    Args:
        question: what is asked.
        item: with its mark.
        about: stemmed words of the title and headings above it.

    >>> start, end = item_label("which plan has unlimited data", "- **Max**: unlimited data, 25", {"plan"})
    >>> "- **Max**: unlimited data, 25"[start:end]
    'Max'
    >>> item_label("what does max cost", "- **Max**: unlimited data, 25", {"plan"}) is None
    True
    """
    match = _LABELLED.match(item) if _ASKS_LABEL.match(question) else None
    if match is None:
        return None
    told = content_words(match[2])
    is_told = _ASKS_THE.match(question) is not None and set(content_words(question)[:1]) <= set(told)
    asked = set(asked_words(question)) - about
    is_kind = set(analyze(match[1])) <= _KINDS
    return match.span(1) if asked and asked.issubset(told) and not is_told and not is_kind else None


def item_text(question: str, item: str, about: Set[str]) -> tuple[int, int] | None:
    """Give where the text of a list's item stands if the question asks what, or who, its label is.

    Of who it is that is what stands before a comma or a bracket.

    Args:
        question: what is asked.
        item: with its mark.
        about: stemmed words of the title and headings above it.

    >>> item = "- **Vault**: coins, in the basement"
    >>> start, end = item_text("What is in the vault of the museum?", item, {"museum"})
    >>> item[start:end]
    'coins, in the basement'
    >>> item_text("What is in the vault of the bank?", item, {"museum"}) is None
    True
    >>> item_text("What is the price of the vault?", item, {"price"}) is None
    True
    """
    match = _LABELLED.match(item) if (asks := _ASKS_WHAT.match(question)) else None
    if match is None or (asks and asks[1].lower() == "who" and not match[2][:1].isupper()):
        return None
    label, asked = set(content_words(match[1])), set(asked_words(question))
    text = re.split(r",| \(", match[2])[0] if asks and asks[1].lower() == "who" else match[2]
    is_first = label.issuperset(content_words(question)[:1])  # else another thing of it is asked for
    is_asked = is_first and bool(label) and label <= asked <= label | about
    start = match.start(2)
    return (start, start + len(text)) if is_asked and len(text.split()) <= _MAX_TEXT else None


def item_property(question: str, item: str, about: Set[str]) -> tuple[int, int] | None:
    """Give the amount behind the property asked for, in the text of the item whose label is its thing.

    Args:
        question: what is asked.
        item: with its mark.
        about: stemmed words of the title and headings above it.

    >>> item = "- **Minors**: under 16 years, entry fee 20 pounds"
    >>> start, end = item_property("What is the entry fee for the Minors?", item, set())
    >>> item[start:end]
    '20 pounds'
    """
    match, asks = _LABELLED.match(item), _ASKS_PROPERTY.match(question)
    if match is None or asks is None:
        return None
    label, asked = set(content_words(match[1])), set(asked_words(question))
    if not label or not label <= asked <= set(content_words(item)) | about:
        return None
    name = re.escape(_THING.sub("", asks[1]))
    told = re.compile(rf"\b{name}:? (?:is |of |from )?([^,;|\n]{{0,60}}?\d[^,;|\n]*)", re.IGNORECASE)
    found = told.search(item, match.start(2))
    return found.span(1) if found else None


def label_of(item: str) -> str:
    """Give the label that an item of a list begins with, or nothing.

    >>> label_of("- Taster: 2 hours, 35 EUR"), label_of("- Taster, 35 EUR"), label_of("- Bring two keys.")
    ('Taster', 'Taster', '')
    """
    match = _LABELLED.match(item) or _BEGUN.match(item)
    return match[1] if match else ""


def asked_things(question: str) -> set[str]:
    """Give the stemmed word of what "how much" or "how many" is asked of, if there is one.

    >>> asked_things("How many eggs go in?"), asked_things("How much is it?")
    ({'egg'}, set())
    """
    asks = _HOW_MUCH_OF.search(question)
    return {*content_words(asks[1])} if asks else set()


def item_amount(question: str, item: str, about: Set[str]) -> tuple[int, int] | None:
    """Give where a list's item counts what "how much" or "how many" is asked of, up to that word.

    Args:
        question: what is asked.
        item: with its mark.
        about: stemmed words of the title and headings above it; they have the question's others.

    >>> item = "- 500 g cold butter, diced"
    >>> start, end = item_amount("How much butter does the pie need?", item, {"pie"})
    >>> item[start:end]
    '500 g cold butter'
    >>> item_amount("How much butter does the cake need?", item, {"pie"}) is None
    True
    """
    things, counted = asked_things(question), _COUNTED.match(item)
    if not things or counted is None or not things.issuperset(content_words(counted[1])[-1:]):
        return None
    return counted.span(1) if set(asked_words(question)) <= about | things else None


def stated_property(question: str, sentence: str, about: Set[str]) -> tuple[int, int] | None:
    """Give the amount that a sentence that begins with the property asked for says it is.

    Args:
        question: what is asked.
        sentence: that may state it.
        about: stemmed words of the title and headings above it.

    >>> asked, lease = "What is the rent of the studio?", "3.1 The rent is 640 pounds, payable in May."
    >>> start, end = stated_property(asked, lease, {"studio"})
    >>> lease[start:end]
    '640 pounds'
    >>> [stated_property(asked, said, {"lease"}) for said in (lease, "The deposit is two months' rent.")]
    [None, None]
    >>> stated_property("What is the rent?", "The rent is due on the first.", set()) is None
    True
    """
    asks, states = _ASKS_PROPERTY.match(question), _PROPERTY.match(sentence)
    if asks is None or states is None:
        return None
    asked, told = content_words(asks[1]), set(content_words(states[1]))
    is_of_it = told.issuperset(asked[:1]) and told.issubset(asked) and {*asked} - told <= about
    return states.span(2) if asked and is_of_it else None
