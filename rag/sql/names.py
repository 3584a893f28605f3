"""How names are written in a query: in quotation marks where a database would not read them otherwise."""

import re

__all__ = ["RESERVED", "is_plain", "quoted", "written"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = frozenset(
    """ALL ANALYSE ANALYZE AND ANY ARRAY AS ASC ASYMMETRIC BETWEEN BOTH BY CASE CAST CHECK COLLATE COLUMN
    CONSTRAINT CREATE CROSS CURRENT_DATE CURRENT_TIME CURRENT_USER DEFAULT DEFERRABLE DESC DISTINCT DO ELSE
    END EXCEPT EXISTS FALSE FETCH FOR FOREIGN FROM FULL GRANT GROUP HAVING ILIKE IN INDEX INITIALLY INNER
    INTERSECT INTO IS JOIN KEY LATERAL LEADING LEFT LIKE LIMIT LOCALTIME NATURAL NOT NULL OFFSET ON ONLY OR
    ORDER OUTER OVERLAPS PLACING PRIMARY REFERENCES RETURNING RIGHT SELECT SESSION_USER SET SIMILAR SOME
    SYMMETRIC TABLE THEN TO TRAILING TRUE UNION UNIQUE UPDATE USER USING VALUES VARIADIC VERBOSE WHEN WHERE
    WINDOW WITH""".split()
)


def is_plain(name: str, dialect: str) -> bool:
    """Tell whether a name needs no quotation marks; PostgreSQL folds bare ones to lower case."""
    keeps_case = dialect != "postgres" or name == name.lower()
    return bool(_PLAIN.fullmatch(name)) and name.upper() not in RESERVED and keeps_case


def quoted(name: str, dialect: str) -> str:
    """Give a name as it is written in a query.

    >>> quoted("Track", "sqlite"), quoted("Track", "postgres"), quoted("order", "sqlite")
    ('Track', '"Track"', '"order"')
    """
    if is_plain(name, dialect):
        return name
    return '"' + name.replace('"', '""') + '"'


def written(table: str, dialect: str) -> str:
    """Give the name of a table, which may have that of its schema before it, as it is written in a query.

    >>> written("sales.order", "postgres")
    'sales."order"'
    """
    return ".".join(quoted(part, dialect) for part in table.split("."))
