"""One query that reads passes; nothing else does, in no dialect."""

import pytest

from rag.core.errors import InvalidInputError
from rag.sql.guard import checked
from rag.sql.schema import Column, Schema, Table

SCHEMA = Schema((Table("t", (Column("a", "INT"), Column("b"))), Table("Order Details", (Column("a"),))))
REFUSED = [
    "",
    "DELETE FROM t",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE t",
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "REPLACE INTO t VALUES (1)",
    "ATTACH 'x' AS y",
    "DETACH y",
    "PRAGMA table_info(t)",
    "VACUUM INTO 'x'",
    "CREATE TABLE x (a)",
    "CREATE TABLE x AS SELECT a FROM t",
    "DROP TABLE t",
    "ALTER TABLE t ADD c INT",
    "TRUNCATE TABLE t",
    "EXPLAIN SELECT a FROM t",
    "SET ROLE x",
    "CALL f()",
    "DO $$ BEGIN END $$",
    "COPY t TO '/x'",
    "COPY (SELECT a FROM t) TO PROGRAM 'sh'",
    "GRANT SELECT ON t TO x",
    "LISTEN x",
    "WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x",
    "WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x",
    "SELECT * INTO u FROM t",
    "SELECT a FROM t FOR UPDATE",
    "SELECT a FROM t FOR SHARE",
    "SELECT ?",
    "SELECT :a FROM t",
    "SELECT load_extension('x')",
    "SELECT writefile('x', 'y')",
    "SELECT readfile('x') FROM t",
    "SELECT pg_sleep(10)",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT * FROM pg_read_file('/etc/passwd')",
    "SELECT set_config('statement_timeout', '0', false)",
    "SELECT current_setting('x')",
    "SELECT lo_import('/x')",
    "SELECT dblink('x')",
    "SELECT nextval('s')",
    "SELECT query_to_xml('SELECT 1', true, true, '')",
    "SELECT a FROM t WHERE a IN (SELECT pg_ls_dir('.'))",
    "SELECT repeat('a', 1000000000)",
    "SELECT lpad('a', 1000000000)",
    "SELECT randomblob(1000000000)",
    "SELECT zeroblob(1000000000)",
    "SELECT printf('%99999999d', 1)",
    "SELECT format('%99999999s', 'x')",
    "SELECT * FROM generate_series(1, 1000000000)",
    "SELECT value FROM json_each('[1]')",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM main.sqlite_master",
    "SELECT * FROM pg_catalog.pg_authid",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM u",
    "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u)",
    "SELECT a FROM t UNION SELECT a FROM u",
    "SELECT (SELECT max(a) FROM u) FROM t",
    "SELECT a FROM t JOIN u ON t.a = u.a",
    "WITH t AS (SELECT * FROM t) SELECT * FROM t",
    "WITH x AS (SELECT * FROM u) SELECT * FROM x",
    "SELECT a FROM u WHERE EXISTS (WITH u AS (SELECT 1) SELECT * FROM u)",
    "SELECT * FROM u, (WITH u AS (SELECT 1 AS x) SELECT * FROM u) AS q",
    "WITH x AS (SELECT * FROM u), u AS (SELECT 1) SELECT * FROM x",
    "WITH u AS (SELECT * FROM u) SELECT * FROM u",
    "WITH x AS (WITH u AS (SELECT 1) SELECT * FROM u) SELECT * FROM x, u",
    "SELECT a FROM other.t",
    "SELECT a FROM t WHERE a = 'x\0y'",
    "not SQL at all",
    "SELECT " + "(" * 200 + "1" + ")" * 200,
    "SELECT a FROM t WHERE " + " AND ".join(["a = 1"] * 3000),
]
ALLOWED = [
    "SELECT a FROM t",
    "select count(*), avg(a), group_concat(b) from t as x where x.a = 1 group by b having count(*) > 1;",
    'SELECT a FROM t WHERE b = "texas"',
    'SELECT * FROM "Order Details"',
    "WITH q AS (SELECT a FROM t) SELECT * FROM q ORDER BY 1 LIMIT 3",
    "WITH q AS (SELECT a FROM t), r AS (SELECT a FROM Q) SELECT * FROM r WHERE a IN (SELECT a FROM q)",
    "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n WHERE a < 9) SELECT a FROM n",
    "SELECT a FROM (WITH q AS (SELECT a FROM t) SELECT a FROM q UNION SELECT a FROM q) AS s",
    "SELECT a FROM t UNION SELECT a FROM t",
    "SELECT a FROM t EXCEPT SELECT a FROM t WHERE a BETWEEN 1 AND 2",
    "SELECT CASE WHEN a = 1 THEN 'x' ELSE 'y' END, CAST(a AS REAL) / 2, UPPER(b), COALESCE(a, 1) FROM t",
    "SELECT ROW_NUMBER() OVER (PARTITION BY b ORDER BY a) FROM t",
    "SELECT T1.a FROM t AS T1 JOIN t AS T2 ON T1.a = T2.a WHERE T1.b LIKE '%x%' -- what a comment says",
    "SELECT a FROM (SELECT a FROM t) AS s WHERE a NOT IN (SELECT a FROM t WHERE b IS NULL)",
]


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: sql[:60])
def test_whatever_is_no_reading_query_is_refused_with_a_reason(sql: str, dialect: str) -> None:
    with pytest.raises(InvalidInputError, match=r"\w+ \w+"):
        checked(sql, SCHEMA, dialect=dialect)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
@pytest.mark.parametrize("sql", ALLOWED, ids=lambda sql: sql[:60])
def test_a_query_that_reads_passes_and_what_is_run_passes_again(sql: str, dialect: str) -> None:
    once = checked(sql, SCHEMA, dialect=dialect)
    assert checked(once, SCHEMA, dialect=dialect) == once
    assert "--" not in once


def test_a_subquery_in_quotation_marks_stands_for_no_other_name_of_postgresql() -> None:
    with pytest.raises(InvalidInputError, match="no table 'u'"):
        checked('WITH "U" AS (SELECT 1) SELECT * FROM u', SCHEMA, dialect="postgres")


def test_the_message_of_an_unknown_table_names_those_there_are() -> None:
    with pytest.raises(InvalidInputError, match=r"no table 'u' here; there is: t, Order Details"):
        checked("SELECT * FROM u", SCHEMA, dialect="sqlite")
