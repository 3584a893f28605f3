"""How well questions become queries: judged by the rows that they give, beside those of the right query."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from sqlglot import exp, parse_one

from rag.core.errors import InvalidInputError, RagError
from rag.sql.asking import SqlAnswer
from rag.sql.schema import Rows, Schema
from rag.sql.schema_filter import filtered
from rag.sql.source import SqlSource

__all__ = ["SqlQuestion", "evaluate_sql", "load_questions", "same_rows"]

Ask = Callable[[str, SqlSource], SqlAnswer]


@dataclass(frozen=True, slots=True)
class SqlQuestion:
    """A question to a database and the query that answers it."""

    id: str
    database: str
    text: str
    sql: str


def load_questions(folder: Path, limit: int | None = None) -> list[SqlQuestion]:
    """Read `questions.jsonl`; with a limit, so many of them, evenly spread over the file.

    Raises:
        InvalidInputError: no such file, or a line that is no question.
    """
    path = folder / "questions.jsonl"
    if not path.is_file():
        raise InvalidInputError(f"{folder} holds no questions.jsonl with id, db, question and sql")
    try:
        lines = [
            json.loads(line) for line in path.read_text(encoding="utf-8-sig").split("\n") if line.strip()
        ]
        questions = [SqlQuestion(each["id"], each["db"], each["question"], each["sql"]) for each in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"{path}: a line has no id, db, question and sql: {error}") from error
    if limit is None or limit >= len(questions):
        return questions
    return [questions[at * len(questions) // limit] for at in range(limit)]


def evaluate_sql(
    questions: Sequence[SqlQuestion],
    sources: Callable[[str], SqlSource],
    ask: Ask,
    *,
    on_question: Callable[[], None] = lambda: None,
) -> dict[str, object]:
    """Ask every question and compare the rows.

    `execution_accuracy` counts a question that gives no query as wrong, `precision` leaves it out.
    `schema_recall` is the share of questions of whose right query every table and column is kept by the
    filter (6 tables of 10 columns), `value_recall` the share of the texts in right queries that are found
    among the values that the question matches; both know the question alone.
    """
    right, asked, times, by, kept, found = 0, 0, [], Counter[str](), [], []
    for question in questions:
        source = sources(question.database)
        gold = source.run(question.sql)[1]
        matches = source.values().matches(question.text)
        few = filtered(question.text, source.schema(), matches)
        kept.append(_keeps(few, source.schema(), question.sql, source.dialect))
        texts = _texts(question.sql, source.dialect, source)
        found += [any(match.value.casefold() == text for match in matches) for text in texts]
        started = time.perf_counter()
        try:
            answer = ask(question.text, source)
        except RagError:
            answer = None
        times.append((time.perf_counter() - started) * 1000)
        if answer is not None:
            by[answer.by] += 1
            asked += 1
            is_ordered = bool(_parsed(question.sql, source.dialect).args.get("order"))
            right += same_rows(answer.rows, gold, is_ordered=is_ordered)
        on_question()
    return {
        "execution_accuracy": round(right / len(questions), 4),
        "answered": round(asked / len(questions), 4),
        "precision": round(right / asked, 4) if asked else None,
        "schema_recall": round(fmean(kept), 4),
        "value_recall": round(fmean(found), 4) if found else None,
        "values": len(found),
        "by": dict(by),
        "p50_ms": round(median(times), 1),
        "n": len(questions),
    }


def same_rows(left: Rows, right: Rows, *, is_ordered: bool) -> bool:
    """Tell whether two results are the same: columns in order, rows too where order was asked for."""
    first, second = [_plain(row) for row in left.rows], [_plain(row) for row in right.rows]
    if left.is_cut or right.is_cut or len(first) != len(second):
        return False
    return first == second if is_ordered else Counter(first) == Counter(second)


def _plain(row: Sequence[object]) -> tuple[object, ...]:
    return tuple(round(float(value), 4) if isinstance(value, int | float) else value for value in row)


def _parsed(sql: str, dialect: str) -> exp.Expr:
    return parse_one(sql, dialect=dialect)


def _keeps(few: Schema, schema: Schema, sql: str, dialect: str) -> bool:
    """Tell whether the filter keeps every table of a query, and every column in one of those tables."""
    tree = _parsed(sql, dialect)
    tables = [table for node in tree.find_all(exp.Table) if (table := schema.table(node.name)) is not None]
    names = {column.name.casefold() for column in tree.find_all(exp.Column)}
    wanted = {name for name in names if any(table.column(name) for table in tables)}
    kept = [few.table(table.name) for table in tables]
    return all(kept) and all(any(table and table.column(name) for table in kept) for name in wanted)


def _texts(sql: str, dialect: str, source: SqlSource) -> list[str]:
    """Give the texts of a query that are short values of the database, as questions can name them."""
    tree = _parsed(sql, dialect)
    written = {node.this for node in tree.find_all(exp.Literal) if node.is_string}
    written |= {node.name for node in tree.find_all(exp.Column) if node.this.quoted and not node.table}
    return sorted(text.casefold() for text in written if source.values().has(text))
