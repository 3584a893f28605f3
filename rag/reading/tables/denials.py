"""What a row of a table has and what it denies: "no dogs", "not for beginners", or columns of yes and no.

Knows words of English; pure functions.
"""

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from rag.reading.features import Unit
from rag.reading.tables.labels import cell_texts
from rag.scoring.words import content_words

__all__ = ["has_words", "is_yes_or_no", "ticked_columns"]

_DENIED = re.compile(
    r"\b(?:not|non|without|never|none|no(?!\.? ?\d)|exclud\w+|exclusions?|excl)\b|n['’]t\b",
    re.IGNORECASE,
)
"""What denies the words behind it, as "no dogs", or if there are none those before: "Dogs: none"."""
_ALL_DENIED = re.compile(
    r"(?:\b(?:not|never)|n['’]t)(?: be)? (?:included|available|allowed|permitted|possible|provided|offered"
    r"|accepted|admitted|welcome)\b|\bexcluded\b",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[,;/()]|\. |\bbut\b", re.IGNORECASE)
_YES = frozenset("yes y true ✓ ✔ ✅ x included".split())
_NO = frozenset(("", *"no n false ✗ ✘ ❌ - – — none".split()))


def has_words(row: Unit, labels: AbstractSet[str]) -> bool:
    """Say whether a row or its group has the words, not only where the row denies them: "no dogs"."""
    said, denied = set[str](), set[str]()
    for part in (part for cell in cell_texts(row) for part in _PARTS.split(cell)):
        denial = _DENIED.search(part)
        if denial is None or not labels.isdisjoint(content_words(denial[0])):
            said.update(content_words(part))
            continue
        is_all = _ALL_DENIED.search(part) is not None or not content_words(part[denial.end() :])
        start = 0 if is_all else denial.start()
        said.update(content_words(part[:start]))
        denied.update(content_words(part[start:]))
    return labels <= row.words.difference(denied - said).union(content_words(row.place.group))


def is_yes_or_no(cells: Iterable[str]) -> bool:
    """Say whether all cells of a column say yes or no."""
    return _YES.union(_NO).issuperset(map(str.casefold, cells))


def ticked_columns(question: str, rows: Sequence[Unit]) -> list[set[int]]:
    """Give for each column of yes and no that the question names the numbers of the rows that have it."""
    asked, found = set(content_words(question)), []
    for column, name in enumerate(rows[0].place.columns):
        named = set(content_words(name))
        cells = [cell_texts(row)[column] for row in rows]
        if column and named and named <= asked and is_yes_or_no(cells):
            found.append({number for number, cell in enumerate(cells) if cell.casefold() in _YES})
    return found
