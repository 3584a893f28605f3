"""What each word of a question stands for: a table, a column, a value, an operation, or nothing.

Knows words; what query they make together is rag/sql/reading.py's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.scoring.words import analyze
from rag.sql._phrases import MEASURED, NUMERALS, PHRASES, STOP, Kind
from rag.sql.schema import Column, Schema, Table, name_words
from rag.sql.values import Match

__all__ = ["Kind", "Link", "Place", "display_columns", "link", "superlative_columns"]

Place = tuple[str, str]
"""A table and a column of it."""

_TOKEN = re.compile(r"\"[^\"]+\"|'[^']+'(?!\w)|“[^”]+”|\d+(?:[.,]\d+)*|[^\W\d_][\w./&'’-]*|\S")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_BY_PHRASE = {tuple(phrase.split()): kind for kind, phrases in PHRASES.items() for phrase in phrases}
_LONGEST_PHRASE = max(len(words) for words in _BY_PHRASE)
_LONGEST_NAME = 4


@dataclass(frozen=True, slots=True)
class Link:
    """Some words in a row, and what they stand for."""

    kind: Kind
    words: tuple[str, ...]
    at: int  # of the first word
    table: str = ""
    places: tuple[Place, ...] = ()  # the columns that it may be, best first
    value: object = None  # a number
    spellings: tuple[tuple[Place, str], ...] = ()  # of a value, as it stands in these columns


def link(question: str, schema: Schema, matches: Sequence[Match]) -> list[Link]:
    """Read the question from left to right, always the longest thing that is known there."""
    words = _TOKEN.findall(question)
    names = _Names(schema)
    links: list[Link] = []
    at = 0
    while at < len(words):
        found = _at(words, at, names, matches, has_case=not question.isupper())
        if found.kind == "sum" and links and links[-1].kind in ("max", "min", "avg"):
            # The largest total is a column's where there is one of that name.
            found = next((each for each in names.at(words, at) if each.kind == "column"), found)
        if "amount" in found.words and found.kind == "count" and names.has_of_a_table(words, at + 1):
            found = Link("word", (words[at],), at)  # "the amount of all contracts", which have one
        links.append(found)
        at += len(found.words)
    last = next((each for each in reversed(links) if each.words[0].isalnum()), None)
    # What somebody does is no row.
    return [replace(each, kind="unread") if each is last and _is_do(each) else each for each in links]


def display_columns(table: Table) -> list[Column]:
    """Give the columns by which a person names a row: its name or names, else its key, else all."""
    own = name_words(table.name)
    bare: dict[tuple[str, ...], Column] = {}
    for column in table.columns:
        if column.is_text:
            words = name_words(column.name)
            bare.setdefault(tuple(words[len(own) :] if words[: len(own)] == own else words), column)
    for wanted in (("name",), ("titl",), ("full", "name")):
        if wanted in bare:
            return [bare[wanted]]
    if ("first", "name") in bare and ("last", "name") in bare:
        return [bare["first", "name"], bare["last", "name"]]
    ending = [column for words, column in bare.items() if words[-1:] == ("name",)]
    return ending[:1] or [column for column in table.columns if column.is_key] or list(table.columns)


def superlative_columns(adjective: str, table: Table) -> list[Column]:
    """Give the columns by which a table's rows are the longest, the cheapest, and so on."""
    stems = {
        stem
        for known, names in MEASURED.items()
        if adjective.casefold().startswith(known[:4])
        for stem in analyze(" ".join(names))
    }
    return [column for column in table.columns if stems & set(name_words(column.name))]


def _is_do(link: Link) -> bool:
    return link.kind == "word" and link.words[0].casefold() in ("do", "does")


def _at(
    words: Sequence[str], at: int, names: "_Names", matches: Sequence[Match], *, has_case: bool
) -> Link:
    values = _values(words, at, matches, has_case=has_case)
    candidates = [*values, *names.at(words, at), *_phrases(words, at)]
    if candidates:
        # Of things equally long a name of the schema stands before a value, and both before an operation.
        rank = {"table": 0, "column": 1, "value": 2}
        return min(candidates, key=lambda each: (-len(each.words), rank.get(each.kind, 3)))
    word = words[at]
    if _NUMBER.fullmatch(word) or word.casefold() in NUMERALS:
        return Link("number", (word,), at, value=_number(word))
    is_quoted = word[0] in "\"'“" and len(word) > 1
    is_read = word.casefold() in STOP and not is_quoted and not (has_case and _is_name(word))
    return Link("word" if is_read else "unread", (word,), at)


def _number(word: str) -> int | float:
    if word.casefold() in NUMERALS:
        return NUMERALS[word.casefold()]
    bare = word.replace(",", "")
    return float(bare) if "." in bare else int(bare)


def _is_name(word: str) -> bool:
    """Tell the US and IT from us and it."""
    return len(word) > 1 and word.isupper()


def _values(words: Sequence[str], at: int, matches: Sequence[Match], *, has_case: bool) -> Iterator[Link]:
    by_text: dict[str, list[Match]] = {}
    for match in matches:
        by_text.setdefault(" ".join(_TOKEN.findall(match.value)).casefold(), []).append(match)
    for text, same in by_text.items():
        length = len(text.split())
        here = words[at : at + length]
        said = " ".join(here).casefold()
        is_quoted = (
            length == 1 and here[0][0] in "\"'“" and here[0][1:-1].casefold() == same[0].value.casefold()
        )
        if said.rstrip(".") not in (text, f"{text}s", f"{text}'s") and not is_quoted:
            continue
        says_nothing = text in STOP or (text,) in _BY_PHRASE or len(text) < 2 or _NUMBER.fullmatch(text)
        if not is_quoted and length == 1 and says_nothing and not (has_case and _is_name(here[0])):
            continue
        spellings = tuple(((match.table, match.column), match.value) for match in same)
        places = tuple(dict(spellings))
        yield Link("value", tuple(here), at, places=places, spellings=spellings)


def _phrases(words: Sequence[str], at: int) -> Iterator[Link]:
    for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
        here = tuple(word.casefold() for word in words[at : at + length])
        if (kind := _BY_PHRASE.get(here)) is not None:
            yield Link(kind, tuple(words[at : at + length]), at)
            return


class _Names:
    """The names of a schema by their words, whole and in part."""

    def __init__(self, schema: Schema) -> None:
        self._tables = {tuple(name_words(table.name)): table.name for table in reversed(schema.tables)}
        self._columns: dict[tuple[str, ...], list[Place]] = {}
        self._parts: dict[tuple[str, ...], list[Place]] = {}
        for table in schema.tables:
            own = name_words(table.name)
            for column in table.columns:
                words, place = name_words(column.name), (table.name, column.name)
                for whole in {tuple(words), (*own, *words)}:
                    self._columns.setdefault(whole, []).append(place)
                for part in {tuple(words[1:]), tuple(words[:-1])} - {()}:
                    if not column.is_key and words[-1] != "id":
                        self._parts.setdefault(part, []).append(place)

    def at(self, words: Sequence[str], at: int) -> Iterator[Link]:
        """Give the longest table and the longest column that begin here."""
        for length in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
            here = tuple(words[at : at + length])
            stems = tuple(stem for word in here for stem in analyze(word))
            if not stems or any(word[0] in "\"'“" for word in here):
                continue
            if (table := self._tables.get(stems)) is not None:
                yield Link("table", here, at, table=table)
            whole = (
                self._columns.get(stems)
                or (self._columns.get(("price",)) if stems == ("cost",) else None)
                or []
            )
            stems = ("price",) if stems == ("cost",) and not whole else stems
            parts = self._parts.get(stems, []) if here[0].casefold() not in STOP else []
            if whole or (parts and stems not in self._tables):
                yield Link("column", here, at, places=(*whole, *(p for p in parts if p not in whole)))
            if whole or stems in self._tables:
                return

    def has_of_a_table(self, words: Sequence[str], at: int) -> bool:
        """Tell whether a column begins here that one of the tables among the words has."""
        tables = {each.table for start in range(len(words)) for each in self.at(words, start)}
        return any(place[0] in tables for each in self.at(words, at) for place in each.places)
