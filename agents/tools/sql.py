"""Rows of the databases that an administrator registered, by a question in words.

What is read, and by which query, is rag/sql's; here its answer becomes a result that is cited.
"""

from collections.abc import Mapping
from functools import lru_cache

from agents.tools._tool import Effects, ToolResult, ToolScope
from rag.core.errors import NotFoundError, RagError
from rag.scoring.tools import Tool
from rag.sql.asking import SqlAsker, as_text
from rag.sql.source import SqlSources

__all__ = ["Sql"]


class Sql:
    """Answer a question with rows."""

    effects: Effects = "reads"
    needs_permission = False  # whoever registered the database has allowed it, and nothing can be written

    def __init__(self, sql_sources: SqlSources, sql_asker: SqlAsker) -> None:
        self._sources = dict(sql_sources.items())
        self._asker = sql_asker
        self._is_sure = lru_cache(maxsize=64)(self._is_sure_anew)  # routing and calling ask for the same

    @property
    def spec(self) -> Tool:
        """Give what it is for: the sources' own descriptions."""
        described = "; ".join(
            f"{name}: {source.settings.description or 'a database'}"
            for name, source in self._sources.items()
        )
        return Tool(
            "sql",
            "Answers questions about numbers and lists from the rows of a database: counts, sums, averages,"
            f" the largest, filters, groups. Databases are {described}.",
            {
                "type": "object",
                "properties": {
                    "source": {"type": "string", "enum": list(self._sources)},
                    "question": {
                        "type": "string",
                        "description": "The question, complete in itself.",
                        "minLength": 1,
                        "maxLength": 2000,
                    },
                },
                "required": ["source", "question"],
                "additionalProperties": False,
            },
        )

    def within(self, scope: ToolScope) -> "Sql | None":
        """Give the tool over the sources that questions to the scope's collection may use."""
        allowed = {
            name: source for name, source in self._sources.items() if source.is_open_to(scope.collection)
        }
        if len(allowed) == len(self._sources):
            return self
        return Sql(SqlSources(allowed.values()), self._asker) if allowed else None

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        """Give the question and its source, where rules read every word as a query to just one source."""
        names = [name for name in self._sources if self._is_for(question, name)]
        return {"source": names[0], "question": question} if len(names) == 1 else None

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        """Give the rows and the query.

        Raises:
            NotFoundError: no such source for this collection.
            InvalidInputError: nothing makes a query of the question.
            UnavailableError: the database is down, or the query takes too long.
            OutOfTokensError: the run has no tokens left for a query.
        """
        source = self._sources.get(str(arguments["source"]))
        if source is None or not source.is_open_to(scope.collection):
            raise NotFoundError(f"there is no database {arguments['source']!r} for this collection")
        answer = await self._asker.ask(str(arguments["question"]), source, meter=scope.meter)
        return ToolResult.of(f"{self.spec.name}:{source.name}", as_text(answer), data=answer.as_data())

    def _is_for(self, question: str, name: str) -> bool:
        try:
            self._sources[name].schema()
            return self._is_sure(question, name, self._sources[name].read_at)
        except RagError:
            return False  # too long, or the database is down now: `rag sql sources` says which

    def _is_sure_anew(self, question: str, name: str, read_at: float) -> bool:
        """Read the question; where schema and values are read anew, so may be what it means."""
        return self._asker.reading(question, self._sources[name]).is_sure
