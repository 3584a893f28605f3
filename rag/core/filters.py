"""The filter language: JSON that says which chunks a search may find, by document metadata.

    {"status": "Final"}                            equal
    {"status": ["Final", "Active"]}                any of
    {"created": {"gte": "2020", "lt": "2024"}}     eq ne in gt gte lt lte
    {"and": [...]}, {"or": [...]}, {"not": {...}}  combined; several keys of one object are an "and"

A field that a document lacks matches nothing (and so satisfies "not" and "ne"). A field that holds
a list matches when any element does. Numbers compare with numbers and text with text, never across.
"""

import math
import operator
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

from rag.core.errors import InvalidFilterError
from rag.core.types import Attribute

__all__ = ["And", "Comparison", "Filter", "Not", "Or", "matches", "parse_filter"]

Operator = Literal["eq", "ne", "in", "gt", "gte", "lt", "lte"]
Scalar = str | int | float | bool
_OPERATORS: dict[object, Operator] = {name: name for name in get_args(Operator)}
_MAX_DEPTH = 16
_MAX_VALUES = 1000  # each is compared with every document
_MAX_FIELD_CHARS = 128
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field against one value; `in` has a tuple of values."""

    field: str
    op: Operator
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of them (true when empty)."""

    parts: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them (false when empty)."""

    parts: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    part: "Filter"


Filter = Comparison | And | Or | Not


def parse_filter(raw: object) -> Filter | None:
    """Read a filter from decoded JSON; None for an absent or empty one.

    Raises:
        InvalidFilterError: it is not of the filter language; the message names the place.

    >>> parse_filter({"status": "Final"})
    Comparison(field='status', op='eq', value='Final')
    """
    if raw is None or raw == {}:
        return None
    _check_width(raw)
    return _parse(raw, depth=0)


def matches(condition: Filter | None, attributes: Mapping[str, Attribute]) -> bool:
    """Tell whether a document with these attributes passes.

    >>> matches(parse_filter({"year": {"gte": 2020}}), {"year": 2021})
    True
    """
    match condition:
        case None:
            return True
        case And(parts):
            return all(matches(part, attributes) for part in parts)
        case Or(parts):
            return any(matches(part, attributes) for part in parts)
        case Not(part):
            return not matches(part, attributes)
        case Comparison():
            return _holds(condition, attributes.get(condition.field))


def _check_width(raw: object) -> None:
    rest, num_values = [raw], 0  # not recursive: it may be nested deeply
    while rest:
        match rest.pop():
            case list() as values:
                num_values += len(values)
            case Mapping() as fields:
                values = list(fields.values())
                num_values += len(values)
            case _:
                continue
        if num_values > _MAX_VALUES:
            raise InvalidFilterError(
                f"a filter has at most {_MAX_VALUES} values and conditions, got more; search several times"
            )
        rest += values


def _parse(raw: object, *, depth: int) -> Filter:
    if depth > _MAX_DEPTH:
        raise InvalidFilterError(f"filter nested deeper than {_MAX_DEPTH} levels; flatten it")
    if not isinstance(raw, Mapping):
        raise InvalidFilterError(
            f'a filter is an object such as {{"status": "Final"}}, got {type(raw).__name__}: {_shown(raw)}'
        )
    parts = [_entry(key, value, depth=depth) for key, value in raw.items()]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _entry(key: object, value: object, *, depth: int) -> Filter:
    if not isinstance(key, str) or not 0 < len(key) <= _MAX_FIELD_CHARS or _NOT_STORABLE.search(key):
        raise InvalidFilterError(
            f"a field name has 1 to {_MAX_FIELD_CHARS} characters, none of them NUL, got {key!r:.150}"
        )
    if key in ("and", "or"):
        if not isinstance(value, list):
            raise InvalidFilterError(f'"{key}" takes a list of filters, got {_shown(value)}')
        parts = tuple(_parse(part, depth=depth + 1) for part in value)
        return And(parts) if key == "and" else Or(parts)
    if key == "not":
        return Not(_parse(value, depth=depth + 1))
    if isinstance(value, Mapping):
        if not value:
            raise InvalidFilterError(f'"{key}" takes operators, {", ".join(_OPERATORS.values())}; got {{}}')
        comparisons = [_comparison(key, op, operand) for op, operand in value.items()]
        return comparisons[0] if len(comparisons) == 1 else And(tuple(comparisons))
    if isinstance(value, list):
        return _comparison(key, "in", value)
    return _comparison(key, "eq", value)


def _comparison(field: str, op: object, operand: object) -> Filter:
    name = _OPERATORS.get(op)
    if name is None:
        allowed = ", ".join(_OPERATORS.values())
        raise InvalidFilterError(f'unknown operator {_shown(op)} on "{field}"; allowed: {allowed}')
    if name == "in":
        if not isinstance(operand, list) or not all(_is_scalar(item) for item in operand):
            raise InvalidFilterError(
                f'"in" on "{field}" takes a list of text, numbers or booleans, got {_shown(operand)}'
            )
        return Comparison(field, "in", tuple(operand))
    if not _is_scalar(operand):
        raise InvalidFilterError(
            f'"{field}" compares with text, a number or a boolean, got {_shown(operand)}'
        )
    return Comparison(field, name, operand)


def _is_scalar(value: object) -> TypeGuard[Scalar]:
    # PostgreSQL's JSON cannot hold infinity, as which Python reads 1e999, NUL and half of a surrogate pair.
    if isinstance(value, str):
        return _NOT_STORABLE.search(value) is None
    return isinstance(value, Scalar) and not (isinstance(value, float) and not math.isfinite(value))


def _shown(value: object) -> str:
    return f"{reprlib.repr(value):.80}"  # JSON may be nested more deeply than repr can go


_COMPARE: dict[str, Callable[..., bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def _holds(condition: Comparison, value: Attribute | None) -> bool:
    if condition.op == "ne":
        return not _holds(Comparison(condition.field, "eq", condition.value), value)
    if condition.op == "in":
        assert isinstance(condition.value, tuple)
        return any(_holds(Comparison(condition.field, "eq", item), value) for item in condition.value)
    elements = value if isinstance(value, tuple) else (value,)
    return any(
        _kind(element) == _kind(condition.value) and _COMPARE[condition.op](element, condition.value)
        for element in elements
        if element is not None
    )


def _kind(value: object) -> type:
    return type(value) if isinstance(value, (str, bool)) else float
