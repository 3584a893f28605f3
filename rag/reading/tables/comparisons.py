"""What amount a question compares with: "less than 20 euros", "at least 2 years", "between 5 and 9 kg".

Knows words of English, units of time and currencies; pure functions.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.reading.questions import asks_several
from rag.reading.tables.amounts import seconds_of
from rag.scoring.rows import is_amount

__all__ = [
    "Comparison",
    "all_compared",
    "compared",
    "compared_thing",
    "compares",
    "is_called",
    "is_other_currency",
    "sets_side_by_side",
    "without_comparison",
]

_ADJECTIVES = {  # of a comparison -> the measure, how a question has it, and whether it asks for more
    "cheaper": ("cost", False), "dearer": ("cost", True), "more expensive": ("cost", True),
    "longer": ("long", True), "shorter": ("long", False), "heavier": ("weight", True),
    "lighter": ("weight", False), "higher": ("high", True), "taller": ("high", True),
    "lower": ("", False), "wider": ("wide", True), "deeper": ("deep", True), "larger": ("size", True),
    "bigger": ("size", True), "smaller": ("size", False), "older": ("age", True), "younger": ("age", False),
    "faster": ("speed", True), "slower": ("speed", False), "hotter": ("temperature", True),
    "colder": ("temperature", False), "warmer": ("temperature", True),
    "more": ("", True), "greater": ("", True), "less": ("", False), "fewer": ("", False),
}  # fmt: skip
_AMOUNT = r"[$€£¥]?\s*(?P<value>[-–]?\d[\d,]*(?:\.\d+)?)(?:\s*(?P<unit>%|°?[^\W\d_]+))?"
_COMPARED = (
    re.compile(
        rf"\bbetween [$€£¥]?\s*(?P<low>\d[\d,]*(?:\.\d+)?)[^\d?]{{0,12}}? and {_AMOUNT}", re.IGNORECASE
    ),
    re.compile(
        rf"{_AMOUNT} or (?:(?P<from>more|above|over|longer)|(?P<to>less|fewer|below|under))\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"""\b(?:(?P<from>at\ least|since|not?\ (?:less|fewer)\ than|a\ minimum\ of)
          | (?P<to>at\ most|not?\ (?:more|longer)\ than|up\ to|a\ maximum\ of|within)
          | (?P<more>over|above|after|exceed(?:s|ing)?) | (?P<less>under|below|before)
          | (?P<adjective>{"|".join(each.replace(" ", "[ ]") for each in _ADJECTIVES)})\ than
        )\ {_AMOUNT}""",
        re.IGNORECASE | re.VERBOSE,
    ),
)
_EQUAL = re.compile(
    rf"\b(?:of|for|with|ha(?:ve|s)|is|are|costs?|exactly|weighs?|lasts?) {_AMOUNT}", re.IGNORECASE
)
_SIDE_BY_SIDE = re.compile(
    rf"\b(?:{'|'.join(_ADJECTIVES)}|better|compared?|comparison|versus|vs|differences?)\b", re.IGNORECASE
)
_THAN = re.compile(rf"\b({'|'.join(_ADJECTIVES)})(?: [\w-]+){{0,2}} than\b", re.IGNORECASE)
_AND = re.compile(r",? (?:and|but) ", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_MULTIPLES = frozenset("k thousand million billion hundred dozen".split())
_CURRENCIES = {
    "usd": re.compile(r"\$|\b(?:usd|dollars?)\b", re.IGNORECASE),
    "eur": re.compile(r"€|\b(?:eur|euros?)\b", re.IGNORECASE),
    "gbp": re.compile(r"£|\b(?:gbp|pounds?|quid)\b", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Between which amounts something has to be, both included, and the rest of the question."""

    least: float
    most: float
    unit: str  # small; empty where the question has none, or a currency
    measure: str  # a word for what is measured, where the comparison says it
    rest: str

    def is_same(self, other: "Comparison") -> bool:
        """Say whether another has the same bounds, and no other unit."""
        units = {each.unit.removesuffix("s") or each.measure for each in (self, other)} - {""}
        is_as_much = math.isclose(self.least, other.least) and math.isclose(self.most, other.most)
        return is_as_much and len(units) < 2


def compared(question: str) -> Comparison | None:
    """Give the one condition on an amount; None where there is none, or another number besides.

    A plain amount is one where several things are asked for: "which plans have 5 seats".

    >>> found = compared("Which plans cost at most 20 euros a month?")
    >>> found.least, found.most, found.measure, found.rest
    (-inf, 20.0, 'cost', 'Which plans cost   a month?')
    >>> compared("Which of the 3 plans cost less than 20 euros?") is None
    True
    """
    patterns = (*_COMPARED, _EQUAL) if asks_several(question) else _COMPARED
    match = next(filter(None, (pattern.search(question) for pattern in patterns)), None)
    if match is None:
        return None
    rest = f"{question[: match.start()]} {question[match.end() :]}"
    given = match.groupdict()
    unit = (given["unit"] or "").casefold()
    if _DIGIT.search(rest) or unit in _MULTIPLES:
        return None
    measure, is_more = _ADJECTIVES.get((given.get("adjective") or "").casefold(), ("", False))
    if measure == "speed" and seconds_of(unit):
        measure, is_more = "time", not is_more  # "faster than 3 days"
    least, most = _bounds(match, is_more)
    is_money = any(currency.search(match[0]) for currency in _CURRENCIES.values())
    return Comparison(least, most, "" if is_money else unit, measure or "cost" * is_money, rest)


def all_compared(question: str) -> list[Comparison]:
    """Give the condition of a question, or several: "for at least 6 weeks and cost under 150"."""
    parts = [question] if compared(question) else _AND.split(question)
    found = [condition for part in parts if (condition := compared(part)) is not None]
    return found if len(found) == len(parts) else []


def is_called(conditions: Sequence[Comparison], cells: Sequence[str]) -> bool:
    """Say whether a row is called what looks like a condition, in a cell that is no amount.

    >>> conditions = all_compared("What is the fee for children under 16?")
    >>> [is_called(conditions, [label, "16"]) for label in ("Children under 16", "Adults over 16")]
    [True, False]
    """
    labels = [cell for cell in cells if _DIGIT.search(cell) and not is_amount(cell)] if conditions else ()
    held = [label for label in map(compared, labels) if label is not None]
    return any(condition.is_same(label) for label in held for condition in conditions)


def compares(question: str) -> bool:
    """Say whether a question compares with an amount: it then asks for other amounts as well.

    >>> compares("Which courses last more than 6 weeks?"), compares("Which courses last 6 weeks?")
    (True, False)
    """
    return any(pattern.search(question) for pattern in _COMPARED)


def compared_thing(question: str) -> tuple[Comparison, bool] | None:
    """Give what is compared with that of another thing, without bounds, and whether more is asked for.

    >>> found, is_more = compared_thing("Which boats are cheaper than the motor boat?")
    >>> found.measure, is_more
    ('cost', False)
    """
    match = _THAN.search(question)
    if match is None:
        return None
    measure, is_more = _ADJECTIVES[match[1].casefold()]
    return Comparison(-math.inf, math.inf, "", measure, without_comparison(question)), is_more


def sets_side_by_side(question: str) -> bool:
    """Say whether a question compares things with each other, not with an amount.

    >>> sets_side_by_side("Which is cheaper, Home or Team?"), sets_side_by_side("Which is red?")
    (True, False)
    """
    return _SIDE_BY_SIDE.search(question) is not None


def without_comparison(question: str) -> str:
    """Leave out the words that compare, which no text need have.

    >>> without_comparison("Is Home cheaper than Team?")
    'Is Home  than Team?'
    """
    return _SIDE_BY_SIDE.sub("", question)


def is_other_currency(question: str, told: str) -> bool:
    """Say whether a text names currencies, and none that the question names.

    >>> is_other_currency("less than 20 euros", "Price (USD)"), is_other_currency("below 20", "Price (USD)")
    (True, False)
    """
    asked, held = (
        {currency for currency, sign in _CURRENCIES.items() if sign.search(text)}
        for text in (question, told)
    )
    return bool(asked and held and not asked & held)


def _bounds(match: re.Match[str], is_more: bool) -> tuple[float, float]:
    given = match.groupdict()
    value = _number(given["value"])
    if low := given.get("low"):
        return _number(low), value
    if given.get("from"):
        return value, math.inf
    if given.get("to"):
        return -math.inf, value
    if match.re is _EQUAL:
        return value, value
    if given.get("more") or is_more:
        return math.nextafter(value, math.inf), math.inf
    return -math.inf, math.nextafter(value, -math.inf)


def _number(text: str) -> float:
    return float(text.replace(",", "").replace("–", "-"))
