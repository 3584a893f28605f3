"""Rows as they come from a database: so many, so large, and of values that JSON has."""

import json
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

from rag.core.errors import InvalidInputError

__all__ = ["fetched"]

_MAX_CHARS = 10_000_000  # of all rows together
_FLOAT_DIGITS = 15  # that every float keeps


def fetched(
    rows: Iterable[Sequence[object]], *, max_rows: int
) -> tuple[tuple[tuple[object, ...], ...], bool]:
    """Take rows one after another, and say whether there are more.

    Raises:
        InvalidInputError: they are too large.
    """
    taken: list[tuple[object, ...]] = []
    num_chars = 0
    for row in rows:
        if len(taken) == max_rows:
            return tuple(taken), True
        taken.append(tuple(_plain(value) for value in row))
        num_chars += sum(len(value) for value in taken[-1] if isinstance(value, str))
        if num_chars > _MAX_CHARS:
            raise InvalidInputError(
                f"the rows hold more than {_MAX_CHARS} characters; select fewer or shorter values"
            )
    return tuple(taken), False


def _plain(value: object) -> object:
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case None | bool() | int() | str():
            return value
        case Decimal():
            return _number(value)
        case bytes() | memoryview():
            return f"<{len(value)} bytes>"
        case list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _number(value: Decimal) -> int | float | str:
    """Give a decimal as a number of JSON where that is as exact, else its digits.

    >>> _number(Decimal("12.50")), _number(Decimal("12345678901234567.89")), _number(Decimal("Infinity"))
    (12.5, '12345678901234567.89', 'Infinity')
    """
    if not value.is_finite():
        return str(value)
    if value.adjusted() < _FLOAT_DIGITS and value == value.to_integral_value():
        return int(value)
    near = float(value)
    # PostgreSQL gives quotients, as averages, at least 16 places: these are rounded anyway.
    is_quotient = value.adjusted() < _FLOAT_DIGITS and f"{value:f}"[::-1].find(".") > _FLOAT_DIGITS
    return near if is_quotient or Decimal(f"{near:.{_FLOAT_DIGITS}g}") == value else f"{value:f}"
