"""The row of a table that has the most or the least of something, as of "the cheapest plan".

Knows words of English; pure functions.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.reading.questions import naming_words
from rag.reading.tables.amounts import Amounts, column_amounts, full_rows, is_time
from rag.reading.tables.measures import same_measure
from rag.reading.tables.periods import PERIOD_WORDS
from rag.scoring.words import content_words

__all__ = ["Extreme", "extreme_across", "extreme_cells", "without_superlatives"]

_MOST = (
    "most expensive|dearest|priciest|heaviest|longest|highest|tallest|widest|deepest|fastest|quickest"
    "|biggest|largest|greatest|oldest|loudest|hottest|warmest|strongest|(?<!at )most"
)
_LEAST = (
    "least expensive|cheapest|lightest|shortest|lowest|smallest|slowest|youngest|quietest|coldest|weakest"
    "|fewest|(?<!at )least"
)
_SUPERLATIVE = re.compile(rf"\b(?:({_MOST})|({_LEAST}))\b", re.IGNORECASE)
_PLAIN = {  # how a measure is asked for in the plain form
    "most expensive": "cost", "dearest": "cost", "priciest": "cost", "least expensive": "cost",
    "cheapest": "cost", "heaviest": "weight", "lightest": "weight", "longest": "long", "shortest": "long",
    "highest": "high", "tallest": "high", "widest": "wide", "deepest": "deep", "fastest": "speed",
    "quickest": "time", "slowest": "speed", "biggest": "size", "largest": "size", "smallest": "size",
    "oldest": "age", "youngest": "age", "loudest": "noise", "quietest": "noise", "hottest": "temperature",
    "warmest": "temperature", "coldest": "temperature", "strongest": "strength", "weakest": "strength",
}  # fmt: skip
_MONEY = re.compile(r"(?:€|\$|£|eur|euros?|dollars?|usd|pounds?|gbp|chf|francs?)\b|[€$£]", re.IGNORECASE)
_PER = re.compile(r"per (?:day|week|month|quarter|year|night|hour|person|head|user|seat)\b", re.IGNORECASE)
_SPEEDS = frozenset(("fastest", "quickest", "slowest"))  # of times the fastest is the least
_ANY = frozenset(
    ("most", "least", "fewest", "highest", "lowest", "largest", "biggest", "smallest", "greatest")
)
_COMPARATIVE = re.compile(  # of two: "which saddle is lighter", but not "lighter than" or "lighter, A or B"
    r"(\W*(?:and )?which\b(?:(?!\b(?:than|or)\b)[^?]){1,80}?)\b(more(?= expensive)|[a-z]+er)\b"
    r"( expensive)?\W*",
    re.IGNORECASE,
)
_ASKS_AMOUNT = re.compile(r"\bhow\b", re.IGNORECASE)
_ASKS_ROW = re.compile(r"\b(?:which|who|whose)\b", re.IGNORECASE)
_OTHER = re.compile(r"\d|\b(?:second|third|not|except|without)\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_KIND = re.compile(  # what the things compared are: "which branch in the south has", "which team won"
    r"\b(?:which|what)\s+(?!(?:is|are|was|were|has|have|had|does|do|did|can|costs?)\b)"
    r"(?:([^?]+?)\s+(?:is|are|was|were|has|have|had|does|do|did|can|costs?)\b|([\w-]+))",
    re.IGNORECASE,
)
_FREE = frozenset(  # what no table need say of its rows
    content_words(
        """one thing item option choice currently now overall altogether total ever available sell offer
        include contain come list table document file page catalogue number amount value figure"""
    )
)


@dataclass(frozen=True, slots=True)
class Extreme:
    """The rows that have the most or the least of a column, and the column that is asked for."""

    column: int  # what is asked for; where several rows have it, the column of the amounts
    rows: tuple[int, ...]
    words: frozenset[str]  # of the question, which the choice answers for
    of: int  # the column of the amounts


def extreme_cells(
    question: str,
    names: Sequence[str],
    rows: Mapping[int, Sequence[str]],
    said: Mapping[int, frozenset[str]],
) -> Extreme | None:
    """Give the rows with the most or the least of what a question names; None where that is open.

    The column is named right after the superlative ("the longest warranty"), or by its meaning ("the
    cheapest" is of the price), or is the only one of amounts that the question names, or that there is.
    Rows of totals do not count, nor those that are not of what is compared ("the cheapest power tool"), and
    of times the fastest is the least. A question with a further condition, a number say, is left alone.

    Args:
        question: what is asked.
        names: of the columns.
        rows: number of a row -> its cells.
        said: number of a row -> the words of it and of what it stands under.

    >>> rows = {3: ["Indoor sensor", "24", "89"], 4: ["Outdoor sensor", "60", "149"]}
    >>> names = ["Product", "Warranty (months)", "Price"]
    >>> said = {3: frozenset(["indoor", "sensor"]), 4: frozenset(["outdoor", "sensor"])}
    >>> found = extreme_cells("Which product has the longest warranty?", names, rows, said)
    >>> found.column, found.rows
    (0, (4,))
    >>> found = extreme_cells("How much is the cheapest sensor?", names, rows, said)
    >>> found.column, found.rows
    (2, (3,))
    >>> extreme_cells("How much is the cheapest hotel?", names, rows, said) is None
    True
    """
    question, compared = _as_superlative(question)
    match = _SUPERLATIVE.search(question)
    if match is None or _OTHER.search(_YEAR.sub(" ", question)):
        return None
    whole = _meeting(_conditions(question, match, names), full_rows(names, rows), said)
    is_least = match[1] is None
    amounts = {
        n: found
        for n in range(len(names))
        if (found := column_amounts(whole, n, without_open=is_least)) is not None
    }
    column = _column(question, match, names, amounts) if whole and len(rows) > 1 else None
    if column is None:
        return None
    values = amounts[column].values
    is_turned = match[0].casefold() in _SPEEDS and is_time(names[column], amounts[column].unit)
    extreme = (min if is_least != is_turned else max)(values.values())
    chosen = tuple(row for row, value in values.items() if value == extreme)
    asked = _asked(question, match, names, column) if len(chosen) == 1 else column
    plain = _plain(match)
    words = same_measure(plain, names[column]).union(
        content_words(match[0]), content_words(plain), content_words(compared)
    )
    return Extreme(asked, chosen, words, column)


def extreme_across(
    question: str,
    names: Sequence[str],
    rows: Mapping[int, Sequence[str]],
    said: Mapping[int, frozenset[str]],
) -> Extreme | None:
    """Give the column with the most or the least, of a table whose columns are the things compared.

    What is compared is named by a row's label right after the superlative, or meant by that.

    >>> rows = {3: ["Weight", "48 kg", "34 kg"], 4: ["Children", "3", "2"]}
    >>> said = dict.fromkeys(rows, frozenset(["bike", "children"]))
    >>> found = extreme_across("Which bike takes the most children?", ["", "Long", "Compact"], rows, said)
    >>> found.column, found.rows
    (1, (4,))
    """
    match = _SUPERLATIVE.search(question)
    if match is None or any(len(cells) != len(names) for cells in rows.values()):
        return None
    labels = [names[0], *(cells[0] for cells in rows.values())]
    turned = {n: [name, *(cells[n] for cells in rows.values())] for n, name in enumerate(names) if n}
    everywhere = frozenset[str]().union(*said.values())
    found = extreme_cells(question, labels, turned, dict.fromkeys(turned, everywhere))
    if found is None or len(found.rows) != 1 or found.of == 0:
        return None
    label, after = labels[found.of], content_words(question[match.end() :])
    if not same_measure(_plain(match), label) and not set(content_words(label)).intersection(after):
        return None
    row = list(rows)[(found.column or found.of) - 1]
    return Extreme(found.rows[0], (row,), found.words, found.of)


def without_superlatives(question: str) -> str:
    """Leave out the words of comparison, which no text need have.

    >>> without_superlatives("which plan is the cheapest")
    'which plan is the '
    """
    return _SUPERLATIVE.sub("", question)


def _as_superlative(question: str) -> tuple[str, str]:
    """Write "which saddle is lighter" as "which saddle is lightest", and give the word that compared.

    >>> _as_superlative("Which saddle is lighter?"), _as_superlative("Which number is it?")
    (('Which saddle is lightest', 'lighter'), ('Which number is it?', ''))
    """
    match = _COMPARATIVE.fullmatch(question)
    if match is None:
        return question, ""
    most = "most" if match[3] else f"{match[2][:-1]}st"
    written = f"{match[1]}{most}{match[3] or ''}"
    return (written, match[2]) if _SUPERLATIVE.search(written) else (question, "")


def _conditions(question: str, match: re.Match[str], names: Sequence[str]) -> set[str]:
    """Give the words that say which rows are compared, but those that name a column or the measure."""
    kind = _KIND.search(question[: match.start()])
    before = next(filter(None, kind.groups())) if kind else ""
    after = _YEAR.sub(" ", question[match.end() :])
    words = {*content_words(before), *(naming_words(after) if content_words(after) else ())}
    asked = f"{_plain(match)} {question}"
    named = (same_measure(asked, name).union(content_words(name)) for name in names)
    return words.difference(_FREE, PERIOD_WORDS, *named)


def _meeting(
    words: set[str], rows: Mapping[int, Sequence[str]], said: Mapping[int, frozenset[str]]
) -> Mapping[int, Sequence[str]]:
    """Keep the rows that say all words; what stands in a cell that several rows have is of those alone."""
    kinds = Counter(cell for cells in rows.values() for cell in cells)
    for word in words:
        of_kind = {cell for cell, count in kinds.items() if count > 1 and word in content_words(cell)}
        rows = {
            row: cells
            for row, cells in rows.items()
            if (not of_kind.isdisjoint(cells) if of_kind else word in said[row])
        }
    return rows


def _column(
    question: str, match: re.Match[str], names: Sequence[str], amounts: Mapping[int, Amounts]
) -> int | None:
    words = [frozenset(content_words(name)) for name in names]
    after, before = content_words(question[match.end() :]), content_words(question[: match.start()])
    named = [n for n in amounts if after and after[0] in words[n]]
    if not named:
        named = [n for n in amounts if same_measure(_plain(match), names[n])]
    if not named and same_measure(_plain(match), "price"):
        named = [n for n in amounts if _MONEY.match(amounts[n].unit) or _PER.match(names[n])]
    if not named and match[0].casefold() in _SPEEDS:
        named = [n for n in amounts if same_measure("duration", names[n])]
    rest = set(after[1:] if named else after)
    if any(rest & words[n] for n in range(1, len(names)) if n not in amounts):
        return None  # "the least storage" where it cannot be compared, "the cheapest room with a balcony"
    further = [n for n in amounts if words[n].intersection(after)]
    if not named and match[0].casefold() in _ANY | {"longest", "shortest"}:
        named = further or [n for n in amounts if words[n].intersection(before)]
        if not named and match[0].casefold() in _ANY and len(amounts) == 1:
            named = list(amounts)
    if len(named) != 1 or set(further) - set(named):
        return None
    return named[0]


def _asked(question: str, match: re.Match[str], names: Sequence[str], column: int) -> int:
    words = content_words(question)
    named = {
        n: min(map(words.index, found))
        for n, name in enumerate(names)
        if n != column and (found := set(content_words(name)).intersection(words))
    }
    if _ASKS_AMOUNT.search(question):
        return column
    if named:
        return min(named, key=named.__getitem__)
    is_named = bool(set(content_words(names[column])).intersection(content_words(question[match.end() :])))
    first = next((n for n, name in enumerate(names) if name.casefold() == "name"), 0)
    return first if _ASKS_ROW.search(question) or not is_named else column


def _plain(match: re.Match[str]) -> str:
    return _PLAIN.get(match[0].casefold(), "")
