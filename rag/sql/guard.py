"""What may be run: one query that reads named tables and nothing else.

The first of two locks; the second is the connection, which cannot write (rag/sql/_sqlite.py,
rag/sql/_postgresql.py). What passes is written anew from its tree, so that both read the same statement.
"""

import logging

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from rag.core.errors import InvalidInputError
from rag.sql.schema import Schema

__all__ = ["HARMLESS", "checked"]

_MAX_CHARS = 10_000
_MAX_DEPTH = 60
# Of the functions that sqlglot does not know as SQL's own, those that compute and do nothing else.
HARMLESS = frozenset(
    """ceil ceiling char char_length date_part datetime hex ifnull iif instr julianday mod
    quote strftime substring time to_char to_date to_number trunc typeof unicode unixepoch total
    width_bucket regexp_match regexp_matches age justify_days make_date extract initcap left right strpos
    """.split()
)
_WRITES = (
    exp.DML, exp.DDL, exp.Command, exp.Into, exp.Lock, exp.Pragma, exp.Set, exp.Attach, exp.Detach, exp.Use,
    exp.Transaction, exp.Commit, exp.Rollback, exp.Copy, exp.Alter, exp.Drop, exp.Create, exp.Merge,
)  # fmt: skip
_UNBOUND = (exp.Parameter, exp.Placeholder, exp.SessionParameter)
_HUGE = (exp.Repeat, exp.Space, exp.Pad, exp.Format)  # one call fills the server's memory
logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of what is refused here anyway


def checked(sql: str, schema: Schema, *, dialect: str) -> str:
    """Give the query as it may be run.

    >>> from rag.sql.schema import Column, Table
    >>> checked("select a from t -- all", Schema((Table("t", (Column("a"),)),)), dialect="sqlite")
    'SELECT a FROM t'

    Raises:
        InvalidInputError: it is no single SELECT, reads a table that there is not, or calls a function that
            may do more than compute. The message can be shown to the model that wrote it.
    """
    tree = _parsed(sql, dialect)
    for node in tree.walk():
        if isinstance(node, _WRITES) and not isinstance(node, exp.Query):
            raise InvalidInputError(f"only SELECT is allowed, got {_short(node, dialect)}")
        if isinstance(node, _UNBOUND):
            raise InvalidInputError(f"write values, not parameters such as {_short(node, dialect)}")
        is_unknown = isinstance(node, exp.Anonymous) and str(node.this).casefold() not in HARMLESS
        if is_unknown or isinstance(node, _HUGE):
            raise InvalidInputError(f"the function {_short(node, dialect)} is not allowed")
        if isinstance(node, exp.CTE) and schema.table(node.alias_or_name) is not None:
            raise InvalidInputError(f"{node.alias_or_name[:60]!r} is a table; call the subquery otherwise")
        if isinstance(node, exp.Table):
            _check_table(node, schema, dialect)
    return tree.sql(dialect=dialect, comments=False)


def _parsed(sql: str, dialect: str) -> exp.Expr:
    if not sql.strip() or len(sql) > _MAX_CHARS:
        raise InvalidInputError(f"a query has 1 to {_MAX_CHARS} characters, got {len(sql.strip())}")
    if "\0" in sql:
        raise InvalidInputError("a query holds no NUL character")
    try:
        statements = [each for each in sqlglot.parse(sql, dialect=dialect) if each is not None]
        depth = max((_depth(each) for each in statements), default=0)
    except (SqlglotError, RecursionError, ValueError) as error:
        line = str(error).splitlines()[0].replace("\x1b[4m", "").replace("\x1b[0m", "")
        raise InvalidInputError(f"that is no SQL: {line[:200]}") from error
    if len(statements) != 1:
        raise InvalidInputError(f"write one statement, got {len(statements)}")
    if depth > _MAX_DEPTH:
        raise InvalidInputError(f"the query is nested more than {_MAX_DEPTH} deep")
    tree = statements[0]
    if not isinstance(tree, exp.Query):
        raise InvalidInputError(f"only SELECT is allowed, got {_short(tree, dialect)}")
    return tree


def _depth(tree: exp.Expr) -> int:
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for node in level for child in node.iter_expressions()]
    return deepest


def _check_table(node: exp.Table, schema: Schema, dialect: str) -> None:
    if not isinstance(node.this, exp.Identifier):  # a function that gives rows
        name = getattr(node.this, "name", "") or type(node.this).__name__
        raise InvalidInputError(f"read tables, not the function {name[:60]!r}")
    if not node.db and _folded(node.this, dialect) in _subqueries(node, dialect):
        return
    full = f"{node.db}.{node.name}" if node.db else node.name
    if node.catalog or (schema.table(full) is None and not (node.db == "" and schema.table(node.name))):
        tables = ", ".join(table.name for table in schema.tables[:40]) or "none"
        raise InvalidInputError(f"there is no table {full[:80]!r} here; there is: {tables}")


def _subqueries(node: exp.Table, dialect: str) -> set[str]:
    """Give the names that WITH has given to subqueries where a table is read.

    They are there in the query behind their WITH, and in what comes later in it; of a recursive one in
    itself too. Elsewhere the same name is a table.
    """
    found: set[str] = set()
    child: exp.Expr = node
    while (parent := child.parent) is not None:
        with_ = parent if isinstance(parent, exp.With) else parent.args.get("with_")
        if with_ is not None and child is not with_:
            names = [_folded(each.args["alias"].this, dialect) for each in with_.expressions]
            if parent is with_:
                names = names[: with_.expressions.index(child) + bool(with_.args.get("recursive"))]
            found.update(names)
        child = parent
    return found


def _folded(name: exp.Identifier, dialect: str) -> str:
    """Give a name as the database compares it: PostgreSQL folds those without quotation marks alone."""
    return name.name if dialect == "postgres" and name.args.get("quoted") else name.name.lower()


def _short(node: exp.Expr, dialect: str) -> str:
    return repr(node.sql(dialect=dialect)[:60])
