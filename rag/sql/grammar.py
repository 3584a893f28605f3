"""A grammar of the queries over one schema, so that a model can name no table or column that there is not.

In Lark's form as llguidance reads it. It covers what questions ask: joins by equality, conditions, groups,
order, nested and combined queries, each list bounded, for small models never end one; a model that is not
held to it may write any SELECT.
"""

import json
from collections.abc import Iterable

from rag.sql.names import quoted, written
from rag.sql.schema import Schema

__all__ = ["grammar"]

_RULES = r"""
start: query ((" UNION " | " INTERSECT " | " EXCEPT ") query)?
query: "SELECT " "DISTINCT "? items " FROM " tables (" WHERE " conditions)? groups? order?
items: item (", " item){0,7}
item: COLUMN | "COUNT(*)" | aggregate
aggregate: ("COUNT(" "DISTINCT "? | "AVG(" | "SUM(" | "MIN(" | "MAX(") COLUMN ")"
tables: TABLE (" JOIN " TABLE " ON " COLUMN " = " COLUMN){0,5}
conditions: condition ((" AND " | " OR ") condition){0,4}
condition: COLUMN COMPARE operand
    | COLUMN " NOT"? " IN (" (query | literals) ")"
    | COLUMN " NOT"? " LIKE " STRING
    | COLUMN " BETWEEN " literal " AND " literal
    | COLUMN " IS " "NOT "? "NULL"
operand: literal | COLUMN | "(" query ")"
literals: literal (", " literal){0,9}
literal: STRING | NUMBER
groups: " GROUP BY " COLUMN (", " COLUMN){0,3} (" HAVING " measure COMPARE NUMBER)?
measure: "COUNT(*)" | aggregate
order: " ORDER BY " key (", " key){0,2} (" LIMIT " COUNT)?
key: (COLUMN | measure) (" ASC" | " DESC")?
COMPARE: " = " | " != " | " < " | " > " | " <= " | " >= "
STRING: /'([^'\n]|''){0,60}'/
NUMBER: /-?[0-9]{1,12}(\.[0-9]{1,6})?/
COUNT: /[1-9][0-9]{0,3}/
"""


def grammar(schema: Schema, dialect: str) -> str:
    """Give the grammar of the queries that read these tables."""
    tables = [written(table.name, dialect) for table in schema.tables]
    columns = [
        f"{written(table.name, dialect)}.{quoted(column.name, dialect)}"
        for table in schema.tables
        for column in table.columns
    ]
    return f"{_RULES}TABLE: {_any_of(tables)}\nCOLUMN: {_any_of(columns)}\n"


def _any_of(names: Iterable[str]) -> str:
    return " | ".join(json.dumps(name, ensure_ascii=False) for name in names)
