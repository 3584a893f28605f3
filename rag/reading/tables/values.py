"""Reading a table backwards: which column a question asks for of the rows that have the value it states.

"Which product has a warranty of 60 months?" states a value of one column and asks for another. Knows words
and amounts; pure functions.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.reading.contradictions import missing_numbers
from rag.reading.counts import NUMBER_WORDS
from rag.reading.questions import wants_sentences
from rag.reading.tables.comparisons import compares
from rag.scoring.rows import has_year, is_amount, is_row
from rag.scoring.words import content_words

__all__ = ["StatedValue", "lacks_value", "stated_value"]

_ASKS = re.compile(r"\b(?:which|what|who|whose)\b", re.I)
_MEASURES = re.compile(r"\bhow\b", re.I)
_NUMBER = re.compile(r"(?<![\w-])\d+(?:[.,]\d+)*(?!\w)")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = re.compile(rf"\b{_MONTH} \d{{1,2}}\b|\b\d{{1,2}} {_MONTH}(?!\w)", re.I)
_TIME = re.compile(r"\b\d{1,2}(?::\d\d| ?[ap]\.?m\b)\S*", re.I)
_CODE = re.compile(
    r"(?<![\w-])(?!(?:Q|H|FY)\d)([A-Z]{1,5})-?(\d{1,5})(?![\w-]|[.,]\d)"
)  # no quarter or half of a year
_KIND = re.compile(
    r"(?<![\w.,-])(\d+)-(?!(?:second|min|hour|day|night|week|month|year))([^\W\d_]{3,})", re.I
)
_LARGE = re.compile(rf"({_NUMBER.pattern})(?: (?:thousand|million|billion)\b)?", re.I)
_MANY = 10  # a smaller number may count what is asked for: "the top 3", "in 2 sentences"
_YEARS = re.compile(r"(?<![\w.,/-])(?:19|20)\d\d(?![\w/-]|[.,]\d)")
_SOME = r"[$€£¥]?\s?(?<![\d.,])(?P<{}>\d++(?:[.,]\d++)*+)"
_LEAST, _MOST = _SOME.format("least"), _SOME.format("most")
_NO_END = r"(?!\s?(?:[^\W\d_]+\s)?(?:-|–|to\b|until\b|till\b)\s?[$€£¥]?\d)"
_BANDS = tuple(  # what is said of all numbers from one on, up to one, or between two; with what they count
    re.compile(rf"(?:{band})(?:[\s-]+[^\W\d_]+){{0,3}}", re.IGNORECASE)
    for band in (
        rf"{_LEAST}(?:\s?\+|\s[^\d.;|]{{0,30}}?\b(?:or|and) (?:more|over|above|up|older|longer)\b)",
        rf"\bfrom {_LEAST}{_NO_END}",
        rf"\b(?:at least|over|above|more than|exceed(?:s|ing)|minimum(?: of)?) {_LEAST}",
        rf"\b(?:up to|under|below|less than|fewer than|at most|within|maximum(?: of)?) {_MOST}",
        rf"{_LEAST}\s?(?:-|–|to)\s?{_MOST}",
    )
)
_SIGNS = re.compile(r"[^\d.]")


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A value that a question states, and the column that it asks for."""

    column: int  # of the value
    asked: int  # another column
    rows: tuple[int, ...]  # those that have it; none where no row has


def stated_value(
    question: str, names: Sequence[str], rows: Mapping[int, Sequence[str]]
) -> StatedValue | None:
    """Give the value that a question states of a table's rows; None where it states none.

    A number of a date or of a column's name is no value, nor is one of a label, unless the column has it.
    The column of the value is one that the question names and in which a row has it, or the only column of
    amounts that it names; what is asked for is the column named first of the others.

    Args:
        question: what is asked.
        names: of the columns.
        rows: number of a row -> its cells, one for each column.

    >>> rows = {3: ["Indoor sensor", "24"], 4: ["Outdoor sensor", "60"]}
    >>> stated_value("Which product has a warranty of 60 months?", ["Product", "Warranty (months)"], rows)
    StatedValue(column=1, asked=0, rows=(4,))
    """
    numbers = _numbers(_DAY.sub(" ", question))
    numbers -= {number for name in names for number in _numbers(name)}
    if not numbers or not _ASKS.search(question) or _MEASURES.search(question) or compares(question):
        return None
    words = content_words(question)
    whole = {row: cells for row, cells in rows.items() if len(cells) == len(names)}
    mentions = {
        column: min(map(words.index, named))
        for column, name in enumerate(names)
        if (named := set(content_words(name)) & set(words))
    }
    amounts = [
        column
        for column in mentions
        if 2 * sum(is_amount(cells[column]) for cells in whole.values()) > len(whole)
    ]
    held = {
        column: tuple(row for row, cells in whole.items() if _plain(cells[column]) in numbers)
        for column in amounts
    }
    if not any(held.values()) and numbers <= _of_labels(rows):
        return None
    columns = [column for column in amounts if held[column]] or amounts
    others = [column for column in mentions if column not in columns]
    if len(columns) != 1 or not others:
        return None
    return StatedValue(columns[0], min(others, key=mentions.__getitem__), held[columns[0]])


def lacks_value(question: str, texts: Sequence[str]) -> bool:
    """Say whether the question is of a year or a code, or of what has a number, and no text holds that.

    A number of "how much" or "how long" is one to reckon with, a time of day one to compare with, and a yes
    or no may deny either: they need not stand in a text. A number of what a text tells by bands is in one.

    >>> lacks_value("Which plan costs 25 dollars?", ["Basic costs 12 dollars."])
    True
    >>> lacks_value("How much do 25 tickets cost?", ["A ticket costs 12 dollars."])
    False
    >>> [lacks_value(f"What does {code} mean?", ["E4: leak; E 6: fan"]) for code in ("E4", "E6", "E5")]
    [False, False, True]
    >>> lacks_value("How much CO2 is emitted?", ["It emits 120 g CO₂."])
    False
    >>> [lacks_value(f"How much is a {n}-speed chain?", ["Chain 11-speed: 24.90"]) for n in (10, 11)]
    [True, False]
    >>> lacks_value("How much is the 2-day pass?", ["The pass (two days) is 90 EUR, a 1-day one 50."])
    False
    >>> lacks_value("What changed in version 3.3.2?", ["3.3.1 is out."])
    True
    >>> [lacks_value(f"What do {n} mugs get?", ["50 mugs or more: 10% off"]) for n in (40, 60)]
    [True, False]
    """
    question, texts = _folded(question), [_folded(text) for text in texts]
    if _lacks_code(question, texts):
        return True
    if wants_sentences(question):
        return False
    if _lacks_kind(question, texts) or any(
        missing_numbers(year, texts) for year in _YEARS.findall(question)
    ):
        return True
    if not _ASKS.search(question) or _MEASURES.search(question):
        return False
    for match in _LARGE.finditer(_TIME.sub(" ", _DAY.sub(" ", question))):
        number = _plain(match[1])
        if has_year(match[1]) or (number.count(".") < 2 and float(number) <= _MANY):
            continue
        is_missing = missing_numbers(match[0], texts) > 0
        if is_missing and not any(_is_in_band(number, question, text) for text in texts):
            return True
    return False


def _folded(text: str) -> str:
    """Write "CO₂" as "CO2"."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _is_in_band(number: str, question: str, text: str) -> bool:
    """Say whether a text tells a band that has the number, of the same: "60 mugs", "50 mugs or more"."""
    things = re.search(rf"(?<![\d.,]){re.escape(number)}[\s-]+([^\W\d_]+)", question)
    if things is None or number.count(".") > 1:
        return False
    asked, of_row = set(content_words(things[1])), content_words(text) if is_row(text) else None
    bands = [
        match.groupdict()
        for band in _BANDS
        for match in band.finditer(text)
        if asked.intersection(of_row or content_words(match[0]))
    ]
    return any(
        _value(band.get("least"), -math.inf) <= float(number) <= _value(band.get("most"), math.inf)
        for band in bands
    )


def _value(number: str | None, otherwise: float) -> float:
    plain = (number or "").replace(",", "")
    return float(plain) if plain.count(".") < 2 and plain else otherwise


def _lacks_code(question: str, texts: Sequence[str]) -> bool:
    codes = [
        re.compile(rf"(?<![^\W_]){letters}[ -]?{digits}(?!\d)", re.IGNORECASE)
        for letters, digits in _CODE.findall(question)
    ]
    return not all(any(code.search(text) for text in texts) for code in codes)


def _lacks_kind(question: str, texts: Sequence[str]) -> bool:
    """Say whether texts tell of others than the question's "10-speed", as "11-speed", and not of that.

    A number of minutes, days or years may be written in many ways, as any may in words.
    """
    for number, thing in _KIND.findall(question):
        told = re.compile(rf"(?<![\w.,-])(\d+|{NUMBER_WORDS})-{re.escape(thing)}", re.IGNORECASE)
        numbers = {found for text in texts for found in told.findall(text)}
        if numbers and number not in numbers and all(map(str.isdigit, numbers)):
            return True
    return False


def _of_labels(rows: Mapping[int, Sequence[str]]) -> set[str]:
    cells = (cell for row in rows.values() for cell in row if not is_amount(cell))
    return {number for cell in cells for number in _numbers(cell)}


def _numbers(text: str) -> set[str]:
    return {_plain(number) for number in _NUMBER.findall(text) if not has_year(number)}


def _plain(amount: str) -> str:
    return _SIGNS.sub("", amount).removesuffix(".00").rstrip(".")
