"""JSON and JSON Lines: records of `key: value` lines, each with the whole path to its value.

Numbers stay as written; null and what is empty is left out.
"""

import json
import re

from indexing.loaders._archive import reading
from indexing.loaders._records import Value, add_records
from indexing.loaders._text import TextBuilder, decode, finish
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument

__all__ = ["Json"]

_SPACE = re.compile(r"[ \t\n\r\x1e]*")  # RFC 7464 puts a record separator before each value


class Json:
    """Read a JSON value, or several one after the other, a line each or not."""

    suffixes = (".json", ".jsonl", ".ndjson")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give a block for every record: an element of a list of objects, a line, or the object itself.

        Raises:
            UnreadableDocumentError: no JSON, nested too deep, or without any text.
        """
        text = decode(content, name=name)
        builder = TextBuilder()
        with reading(name, kind="JSON", program="an editor"):
            values = _values(text, name=name)
            add_records(builder, values)
        return finish(builder.text, name=name, title=_title(values), blocks=builder.blocks)


def _values(text: str, *, name: str) -> list[Value]:
    decoder = json.JSONDecoder(
        object_pairs_hook=lambda pairs: tuple((key, _value(inner)) for key, inner in pairs),
        parse_float=str,
        parse_int=str,
        parse_constant=str,
        strict=False,  # takes line breaks inside strings, as some programs write them
    )
    values = []
    position = _end_of_space(text, 0)
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise UnreadableDocumentError(
                f"{name!r} is no JSON: {error.msg} at line {error.lineno}, column {error.colno};"
                " is it cut short? Mend it there"
            ) from error
        values.append(_value(value))
        position = _end_of_space(text, position)
    return values


def _value(value: object) -> Value:
    """Give a decoded value as records have it: objects as pairs already, lists, and strings."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, list):
        return [_value(each) for each in value]
    if value is None or isinstance(value, str):
        return value or ""
    return "true" if value else "false"


def _end_of_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    assert match is not None
    return match.end()


def _title(values: list[Value]) -> str | None:
    if len(values) != 1 or not isinstance(values[0], tuple):
        return None
    fields = {key.lower(): value for key, value in values[0]}
    title = fields.get("title") or fields.get("name")
    return title if isinstance(title, str) else None
