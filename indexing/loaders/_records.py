"""Nested values (JSON, XML of data) -> records: one block each, a line a value, `path.to.key: value`.

Knows no format: an object is a tuple of (key, value) pairs, so that a key may come twice; a list is a list;
all else is a string.
"""

from collections.abc import Iterator, Sequence
from typing import Union

from indexing.loaders._text import TextBuilder

__all__ = ["Value", "add_records"]

Value = Union[str, list["Value"], tuple[tuple[str, "Value"], ...]]  # noqa: UP007  # names itself
_MAX_CHARACTERS = 2000  # of an object that is one record with all inside it; a larger one is taken apart
_MAX_DEPTH = 100


def add_records(builder: TextBuilder, values: Sequence[Value]) -> None:
    """Write values, each on its own; of a single one, the objects that its lists hold.

    Raises:
        ValueError: they nest too deep.
    """
    for value in values:
        if isinstance(value, tuple) and len(values) == 1:
            _take_apart(builder, value, "")
        else:
            _add(builder, value, "")


def _add(builder: TextBuilder, value: Value, path: str) -> None:
    if isinstance(value, list) and _holds_parts(value):
        for number, each in enumerate(value):
            _add(builder, each, f"{path}[{number}]" if path else "")
        return
    lines = list(_lines(value, path))
    if isinstance(value, tuple) and sum(map(len, lines)) > _MAX_CHARACTERS:
        _take_apart(builder, value, path)
    else:
        builder.add("\n".join(lines), "table")


def _take_apart(builder: TextBuilder, value: tuple[tuple[str, Value], ...], path: str) -> None:
    """Write an object's own values as a record, then each object inside it."""
    plain = tuple(pair for pair in value if isinstance(pair[1], str) or _is_plain_list(pair[1]))
    builder.add("\n".join(_lines(plain, path)), "table")
    for key, inner in value:
        if not (isinstance(inner, str) or _is_plain_list(inner)):
            _add(builder, inner, _joined(path, key))


def _lines(value: Value, path: str, depth: int = 0) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        raise ValueError(f"values nest more than {_MAX_DEPTH} deep")
    if isinstance(value, tuple):
        for key, inner in value:
            yield from _lines(inner, _joined(path, key), depth + 1)
    elif isinstance(value, list) and _holds_parts(value):
        for number, inner in enumerate(value):
            yield from _lines(inner, f"{path}[{number}]", depth + 1)
    else:
        text = value if isinstance(value, str) else ", ".join(map(str, value))
        if text.strip():
            yield f"{path}: {text}" if path else text


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _holds_parts(values: list[Value]) -> bool:
    return any(not isinstance(each, str) for each in values)


def _is_plain_list(value: Value) -> bool:
    return isinstance(value, list) and not _holds_parts(value)
