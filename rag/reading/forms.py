"""Words of a question that a text of another language than English has in another form.

Knows no grammar: a word is a form of another that begins it, as `kentinde` of `kent`. What merely begins
alike may be another thing: `Ausgang` and `Ausgabe`, `Christina` and `Christian`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from rag.reading.features import Unit

__all__ = ["forms_of", "with_forms"]

_BEGINNING = 4  # letters of the shorter at least
_ENDING = 4  # letters that the longer has besides
_SHARE = 0.6  # or what the shorter one's are at least of the longer one's


def with_forms(asked: Iterable[str], units: Sequence[Unit]) -> list[Unit]:
    """Give the units with those of the asked words that they have in another form."""
    forms = forms_of(asked, frozenset[str]().union(*(unit.words | unit.about for unit in units)))
    return [
        replace(unit, words=_said(forms, unit.words), about=_said(forms, unit.about)) if forms else unit
        for unit in units
    ]


def forms_of(asked: Iterable[str], words: Collection[str]) -> dict[str, set[str]]:
    """Give each word that is a form of asked ones with these.

    >>> forms_of(["kaution", "tag"], {"kautionen", "kauz", "tage"})
    {'kautionen': {'kaution'}}
    """
    by_beginning: dict[str, list[str]] = defaultdict(list)
    for word in words:
        by_beginning[word[:_BEGINNING]].append(word)
    forms: dict[str, set[str]] = defaultdict(set)
    for one in asked:
        for word in by_beginning[one[:_BEGINNING]]:
            if _are_forms(one, word):
                forms[word].add(one)
    return dict(forms)


def _are_forms(one: str, other: str) -> bool:
    """Say whether one of two words that begin alike is the other with an ending."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < _BEGINNING or not one.isalpha() or not longer.startswith(shorter):
        return False
    return len(longer) - len(shorter) <= _ENDING or len(shorter) >= _SHARE * len(longer)


def _said(forms: dict[str, set[str]], words: frozenset[str]) -> frozenset[str]:
    return words.union(*(forms[word] for word in words if word in forms))
