"""What a database holds, as far as questions and queries need to know it: data alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.scoring.words import analyze

__all__ = ["Column", "ForeignKey", "Rows", "Schema", "Table", "name_words", "spelled"]

_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Column:
    """One column; its type in the database's own words."""

    name: str
    type: str = ""
    is_key: bool = False
    has_years: bool = True  # the database can tell the year of its dates

    @property
    def is_number(self) -> bool:
        """Tell whether its values are added and compared as numbers."""
        return bool(re.search(r"int|real|floa|doub|(?<!e)num|dec|money|serial", self.type, re.IGNORECASE))

    @property
    def is_date(self) -> bool:
        """Tell whether its values are dates or times."""
        return bool(re.search(r"date|time", self.type, re.IGNORECASE))

    @property
    def is_text(self) -> bool:
        """Tell whether questions may name its values; a type that says nothing may hold anything."""
        return not self.type or bool(
            re.search(r"char|text|clob|string|enum|citext|bool", self.type, re.IGNORECASE)
        )


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A column that names a row of another table."""

    column: str
    table: str
    other: str  # column of that table


@dataclass(frozen=True, slots=True)
class Table:
    """A table or a view."""

    name: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()

    def column(self, name: str) -> Column | None:
        """Give a column by its name in any case."""
        return next((each for each in self.columns if each.name.casefold() == name.casefold()), None)


@dataclass(frozen=True, slots=True)
class Schema:
    """All tables that may be read, in the database's order."""

    tables: tuple[Table, ...]

    def table(self, name: str) -> Table | None:
        """Give a table by its name in any case."""
        return next((each for each in self.tables if each.name.casefold() == name.casefold()), None)

    def only(self, names: Sequence[str]) -> "Schema":
        """Give the schema of these tables alone, without keys that lead elsewhere."""
        kept = {name.casefold() for name in names}
        return Schema(
            tuple(
                replace(
                    table, foreign_keys=tuple(k for k in table.foreign_keys if k.table.casefold() in kept)
                )
                for table in self.tables
                if table.name.casefold() in kept
            )
        )

    def joins(self) -> Iterator[tuple[str, str, str, str]]:
        """Give (table, column, table, column) of every foreign key."""
        for table in self.tables:
            for key in table.foreign_keys:
                yield table.name, key.column, key.table, key.other


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gave; values are None, bool, int, float or str."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    is_cut: bool = False  # there were more


def name_words(name: str) -> list[str]:
    """Give the words of a table's or a column's name as questions are analysed.

    >>> name_words("InvoiceLines"), name_words("order_date"), name_words("UnitPrice")
    (['invoic', 'line'], ['order', 'date'], ['unit', 'price'])
    """
    return [word for part in _PARTS.findall(name) for word in analyze(part)]


def spelled(name: str) -> str:
    """Give a name as people would write it.

    >>> spelled("InvoiceLines"), spelled("order_date")
    ('invoice lines', 'order date')
    """
    return " ".join(_PARTS.findall(name)).lower()
