"""A question's links on the way to a query: what is read already, and which column is meant where.

Knows places, tables and words; what they make is decided in the files beside this one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from rag.sql._phrases import Kind
from rag.sql.joins import column_of
from rag.sql.linking import Link, Place, display_columns
from rag.sql.schema import Column, Schema, Table, name_words

__all__ = ["YEARS", "Draft"]

YEARS = range(1000, 2200)


@dataclass
class Draft:
    """One query in the making."""

    schema: Schema
    links: Sequence[Link]
    dialect: str
    used: list[Place] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)  # tables
    taken: set[int] = field(default_factory=set)  # positions of links that are read
    selected: list[exp.Expr] = field(default_factory=list)
    grouped: list[exp.Expr] = field(default_factory=list)
    conditions: list[exp.Expr] = field(default_factory=list)
    order: exp.Expr | None = None
    limit: int | None = None
    keeps_rows: bool = False  # of the first table, those too that have none in the others

    @property
    def mentioned(self) -> list[str]:
        """Give the tables that the question names, in its order."""
        return list(dict.fromkeys(each.table for each in self.links if each.kind == "table"))

    def has(self, kind: Kind) -> bool:
        """Tell whether some words are of that kind."""
        return any(each.kind == kind for each in self.links)

    def says(self, word: str) -> bool:
        """Tell whether a word that stands for nothing is among the question's."""
        return any(each.kind == "word" and each.words[0].casefold() == word for each in self.links)

    def next(self, at: int) -> int | None:
        """Give the table or column behind a position, past words that say nothing."""
        for near in range(at + 1, len(self.links)):
            if self.links[near].kind in ("table", "column"):
                return near
            if self.links[near].kind not in ("word", "distinct", "number", "each"):
                return None
        return None

    def following(self, at: int, kind: Kind, count: int) -> list[int]:
        """Give the positions of the next `count` links of a kind; none where there are fewer."""
        found = [near for near in range(at + 1, len(self.links)) if self.links[near].kind == kind]
        return found[:count] if len(found) >= count else []

    def subject(self, at: int) -> str | None:
        """Give the table that was named last before a position."""
        return next((each.table for each in reversed(self.links[:at]) if each.kind == "table"), None)

    def place(self, at: int) -> Place:
        """Give the column of a link; for a table, what names its rows."""
        each = self.links[at]
        if each.kind == "column":
            return self.nearest(each.places)
        return self.display(self.table(each.table))[0]

    def nearest(self, places: Sequence[Place], *, numeric: bool = False) -> Place:
        """Choose among columns of one name: of a table that is named, or used already."""
        if numeric:
            places = [place for place in places if self.column(place).is_number] or list(places)
        known = [*self.mentioned, *self.needed]
        return min(places, key=lambda place: known.index(place[0]) if place[0] in known else len(known))

    def tables(self) -> list[Table]:
        """Give the tables that are named, else those of the columns so far."""
        names = self.mentioned or [table for table, _ in self.used]
        return [self.table(name) for name in dict.fromkeys(names)]

    def table(self, name: str) -> Table:
        """Give a table of the schema."""
        found = self.schema.table(name)
        assert found is not None, "links name what the schema has"
        return found

    def column(self, place: Place) -> Column:
        """Give a column of the schema."""
        found = self.table(place[0]).column(place[1])
        assert found is not None, "links name what the schema has"
        return found

    def display(self, table: Table) -> list[Place]:
        """Give what names the rows of a table."""
        return [(table.name, column.name) for column in display_columns(table)]

    def is_display(self, place: Place) -> bool:
        """Tell whether a column names the rows of its table."""
        return place in self.display(self.table(place[0]))

    def is_link(self, place: Place) -> bool:
        """Tell whether a column names rows of a table, by which nobody knows them."""
        return any(key.column == place[1] for key in self.table(place[0]).foreign_keys)

    def is_date(self, place: Place) -> bool:
        """Tell whether a column's values are dates or times."""
        return self.column(place).is_date and self.column(place).has_years

    def has_odd_dates(self, place: Place) -> bool:
        """Tell whether a column has dates of which the database cannot tell the year."""
        return self.column(place).is_date and not self.column(place).has_years

    def is_most(self, at: int, place: Place) -> bool:
        """Tell whether the largest value is meant: the oldest has the most years or the earliest date."""
        is_max = self.links[at].kind == "max"
        is_of_age = self.links[at].words[-1].casefold() in ("oldest", "youngest")
        return is_max != (is_of_age and "age" not in name_words(place[1]))

    def year(self, column: exp.Expr) -> exp.Expr:
        """Give the year of a date."""
        if self.dialect == "sqlite":
            return exp.cast(
                exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string("%Y"), column]), "INT"
            )
        return exp.Extract(this=exp.var("YEAR"), expression=column)

    def use(self, place: Place) -> exp.Column:
        """Give a column for the query, whose table it then needs."""
        self.used.append(place)
        self.need(place[0])
        return column_of(*place, self.dialect)

    def need(self, table: str) -> None:
        """Have a table joined."""
        if table not in self.needed:
            self.needed.append(table)

    def year_column(self) -> Place | None:
        """Give the one column of the tables at hand that tells a year; None for none or several."""
        dated = [
            (table.name, column.name)
            for table in self.tables()
            for column in table.columns
            if self.is_date((table.name, column.name)) or column.name.casefold() == "year"
        ]
        return dated[0] if len(dated) == 1 else None
