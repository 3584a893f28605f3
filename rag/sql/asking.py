"""A question answered with rows: read by rules, or written by a language model and run until one runs.

Knows sources and generators; which source a question is for, and what its answer becomes, is the caller's.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from rag.core.errors import DeadEndError, GenerationError, InvalidInputError
from rag.core.protocols import Encoder, GenerationOptions, Generator, Prompt
from rag.generation.context import neutralise
from rag.generation.meter import Meter
from rag.generation.prompts import load_prompt
from rag.sql.grammar import grammar
from rag.sql.prompt import described
from rag.sql.reading import Reading, read
from rag.sql.running import QueryRuns, bare
from rag.sql.schema import Rows, Schema
from rag.sql.schema_filter import filtered
from rag.sql.source import SqlSource
from rag.sql.values import Match

__all__ = ["SqlAnswer", "SqlAsker", "as_text"]

_MAX_QUESTION_CHARS = 2000
_MAX_QUERY_TOKENS = 256
_MAX_CELL_CHARS = 200


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """The rows that answer a question, and the query that gave them."""

    source: str
    sql: str
    rows: Rows
    by: str  # rules, or the model's name

    def as_data(self) -> dict[str, object]:
        """Give it as JSON has it."""
        return {
            "source": self.source,
            "sql": self.sql,
            "by": self.by,
            "columns": self.rows.columns,
            "rows": self.rows.rows,
            "is_cut": self.rows.is_cut,
        }


class SqlAsker:
    """Questions to the registered databases."""

    def __init__(
        self, *, generator: Generator | None = None, encoder: Encoder | None = None, max_attempts: int = 2
    ) -> None:
        """Set who writes queries.

        Args:
            generator: writes those that no rule reads; one that follows instructions well is asked first.
            encoder: ranks tables and columns by meaning for its prompt.
            max_attempts: how often it may try; each time it is told what was wrong.
        """
        self._generator = generator
        self._encoder = encoder
        self._max_attempts = max_attempts

    def reading(self, question: str, source: SqlSource) -> Reading:
        """Give what rules make of the question, without running anything but the look at the values.

        Raises:
            InvalidInputError: a question that is blank or too long.
        """
        text = question.strip()
        if not text or len(text) > _MAX_QUESTION_CHARS:
            raise InvalidInputError(
                f"a question has 1 to {_MAX_QUESTION_CHARS} characters, got {len(text)}"
            )
        return read(text, source.schema(), source.values().matches(text), dialect=source.dialect)

    async def ask(self, question: str, source: SqlSource, *, meter: Meter | None = None) -> SqlAnswer:
        """Answer a question with rows of a source; `meter` counts what the model reads and writes for it.

        Raises:
            InvalidInputError: no rule reads it and no model writes SQL, or what it wrote does not run.
            UnavailableError: the database is down, or the query takes too long.
            GenerationError: the model failed and no rule reads it.
            OutOfTokensError: the meter leaves the model nothing.
        """
        reading = await asyncio.to_thread(self.reading, question, source)
        is_able = self._generator is not None and self._generator.capabilities.follows_instructions
        if reading.sql is not None and not is_able:
            return await self._run(reading.sql, source, "rules")
        if self._generator is not None:
            try:
                return await self._written(question, source, (meter or Meter()).over(self._generator))
            except (InvalidInputError, GenerationError):
                if reading.sql is None:
                    raise
        if reading.sql is None:
            raise InvalidInputError(_unread(reading, source.name))
        return await self._run(reading.sql, source, "rules")

    async def _written(self, question: str, source: SqlSource, generator: Generator) -> SqlAnswer:
        schema, values = await asyncio.to_thread(lambda: (source.schema(), source.values()))
        matches = await asyncio.to_thread(values.matches, question)
        few = await asyncio.to_thread(self._few, question, schema, matches)
        shown = described(few, matches, values)
        faults: list[str] = []
        for attempt in range(self._max_attempts):
            said = f"Your last query was wrong: {neutralise(faults[-1])}" if faults else ""
            messages = load_prompt("sql").render(
                {
                    "dialect": source.dialect,
                    "schema": shown,
                    "question": neutralise(question),
                    "errors": said,
                }
            )
            options = GenerationOptions(
                _MAX_QUERY_TOKENS,
                temperature=min(0.4 * attempt, 1.0),  # the same prompt again would give the same again
                grammar=grammar(few, source.dialect) if generator.capabilities.keeps_grammar else None,
                conditions=(QueryRuns(source),) if generator.capabilities.keeps_conditions else (),
            )
            query = bare(await _text(generator, Prompt(messages, question), options))
            try:
                return await self._run(query, source, generator.capabilities.model)
            except InvalidInputError as error:
                faults.append(f"{query[:300]}: {error}")
        raise InvalidInputError(
            f"no query of {generator.capabilities.model} could be run; the last was {faults[-1]}"
        )

    def _few(self, question: str, schema: Schema, matches: Sequence[Match]) -> Schema:
        return filtered(question, schema, matches, encoder=self._encoder)

    async def _run(self, sql: str, source: SqlSource, by: str) -> SqlAnswer:
        query, rows = await asyncio.to_thread(source.run, sql)
        return SqlAnswer(source.name, query, rows, by)


def as_text(answer: SqlAnswer) -> str:
    """Give the rows as a person reads them, a row a line, and below them the query that gave them."""
    rows = answer.rows
    lines = [] if len(rows.columns) == 1 else [" | ".join(rows.columns)]
    lines += [" | ".join(_shown(value) for value in row) for row in rows.rows] or ["No rows."]
    if rows.is_cut:
        lines.append(f"(the first {len(rows.rows)} rows; there are more)")
    return "\n".join([*lines, f"[{answer.source}: {answer.sql}]"])


def _shown(value: object) -> str:
    if value is None:
        return "NULL"
    text = " ".join((f"{value:.15g}" if isinstance(value, float) else str(value)).split())
    text = "".join(each for each in text if each.isprintable())  # nothing that hides or steers
    return text if len(text) <= _MAX_CELL_CHARS else f"{text[: _MAX_CELL_CHARS - 1]}…"


async def _text(generator: Generator, prompt: Prompt, options: GenerationOptions) -> str:
    """Give what a generator writes; where nothing more may follow, what it wrote before that."""
    pieces: list[str] = []
    with suppress(DeadEndError):
        async with aclosing(generator.stream(prompt, options)) as deltas:
            async for delta in deltas:
                pieces.append(delta.text)
    return "".join(pieces)


def _unread(reading: Reading, name: str) -> str:
    what = ", ".join(map(repr, reading.unread))
    why = f"no rule reads {what}" if what else "no rule makes a query of it"
    return (
        f"{why} in this question to {name!r}; use the names of its tables and columns (`rag sql sources`),"
        " or set a generator that writes SQL (GROVE_SQL__GENERATOR)"
    )
