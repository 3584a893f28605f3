"""Words of a question that a text of another language than English has in another form.

Knows no grammar: two words are forms of one if they begin alike for long enough, as `kent` and `kentinde`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from rag.generation.features import Unit

__all__ = ["forms_of", "with_forms"]

_BEGINNING = 4  # letters that two forms share at least
_SHARE = 0.6  # of the longer one's letters
_ENDING = 4  # letters that a form may have beyond the whole of the other


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
    """Compare words that begin alike."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < _BEGINNING or not one.isalpha():
        return False
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(shorter))
    return shared >= _SHARE * len(longer) or (shared == len(shorter) and len(longer) - shared <= _ENDING)


def _said(forms: dict[str, set[str]], words: frozenset[str]) -> frozenset[str]:
    return words.union(*(forms[word] for word in words if word in forms))
