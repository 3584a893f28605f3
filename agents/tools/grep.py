"""Exact words in the texts of the collection, by pattern: what no index of meaning or stems can promise."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import regex

from agents.tools._tool import Effects, ToolResult, ToolScope, passage_at
from rag.core.errors import InvalidInputError, UnavailableError
from rag.core.types import Passage
from rag.generation.context import render_passages
from rag.scoring.tools import Tool

__all__ = ["Grep"]

_MOST = 50
_AROUND = 160  # characters shown on each side of a match
_QUESTION = re.compile(
    r"\b(?:grep|find|search|look|where|which|how (?:many|often)|count|occurrences?|mentions?|exact(?:ly)?"
    r"|literal(?:ly)?|contains?)\b",
    re.IGNORECASE,
)
_DOCUMENTS = r"(?:documents?|files?|sources?|texts?)"
_MENTION = r"(?:mentions?|contains?|includes?|(?:has|have|uses?) the words?|refers? to|names?)"
_OCCURS = r"(?:occurs?|appears?|(?:is|are|was|were) (?:mentioned|found|used)|stands?|mentioned)"
_WORDS = r"(?:the (?:words?|names?|phrase|term|number) )?(?P<words>[^\s\"“«`?,]+(?: [^\s\"“«`?,]+)?)"
_UNQUOTED = [  # each is the whole of a question; words that could be told about are not looked for
    re.compile(rf"\s*(?:please )?{pattern}[\s?.!]*", re.IGNORECASE)
    for pattern in (
        rf"(?:which|what|how many)(?: of the)? {_DOCUMENTS} (?:that )?{_MENTION} {_WORDS}",
        rf"(?:list|show|find|count)(?: me)?(?: all)?(?: the)? {_DOCUMENTS} (?:that |which )?"
        rf"(?:{_MENTION}|mentioning|containing|with the words?) {_WORDS}",
        rf"how (?:many times|often) (?:do|does|did|is|are|was|were) {_WORDS} (?:{_OCCURS})",
    )
]
_QUOTED = re.compile(r"[\"“«`](?P<words>[^\"”»`]{2,100})[\"”»`]")


@dataclass(frozen=True, slots=True)
class _Match:
    document_id: str
    source: str
    start: int
    end: int


class Grep:
    """Find exact words."""

    spec = Tool(
        "grep",
        "Finds every exact occurrence of a word, phrase, number or regular expression in the documents and"
        " counts them: identifiers, error codes, quotations.",
        {
            "type": "object",
            "properties": {
                "pattern": {
                    "type": "string",
                    "description": "The words, or with regular true a regular expression.",
                    "minLength": 1,
                    "maxLength": 200,
                },
                "regular": {"type": "boolean", "description": "The pattern is a regular expression."},
                "case": {"type": "boolean", "description": "Upper and lower case differ."},
                "limit": {
                    "type": "integer",
                    "description": "How many to show.",
                    "minimum": 1,
                    "maximum": _MOST,
                },
            },
            "required": ["pattern"],
            "additionalProperties": False,
        },
    )
    effects: Effects = "reads"
    needs_permission = False

    def __init__(self, max_seconds: float = 5.0) -> None:
        self._max_seconds = max_seconds

    def arguments_from(self, question: str) -> Mapping[str, object] | None:
        """Give the words whose places a question asks for: in quotation marks, or one or two without."""
        quoted = _QUOTED.findall(question)
        if not quoted and (
            asked := next(filter(None, (each.fullmatch(question) for each in _UNQUOTED)), None)
        ):
            return {"pattern": asked["words"]}
        if len(quoted) != 1 or not _QUESTION.search(_QUOTED.sub("", question)):
            return None
        return {"pattern": quoted[0].strip()}

    async def call(self, arguments: Mapping[str, object], scope: ToolScope) -> ToolResult:
        """Give the first matches with what stands around them, and how many there are.

        Raises:
            InvalidInputError: not a regular expression.
            UnavailableError: it took too long.
        """
        pattern = str(arguments["pattern"])
        expression = _compiled(
            pattern if arguments.get("regular") else regex.escape(pattern),
            is_case_kept=bool(arguments.get("case")),
        )
        limit = int(str(arguments.get("limit", 10)))
        return await asyncio.to_thread(self._result, scope, expression, pattern, limit)

    def _result(
        self, scope: ToolScope, expression: "regex.Pattern[str]", pattern: str, limit: int
    ) -> ToolResult:
        found = list(_matches(scope, expression, self._max_seconds))
        passages = tuple(_passage(scope, match) for match in found[:limit])
        counts = Counter(match.source for match in found)
        times = f"{len(found)} time{'' if len(found) == 1 else 's'}"
        documents = f"{len(counts)} document{'' if len(counts) == 1 else 's'}"
        lines = [f"{number}. {source}: {count}" for number, (source, count) in enumerate(counts.items(), 1)]
        more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
        said = f"{pattern!r} stands {times} in {documents}{':' if lines else '.'}"
        summary = ToolResult.of(self.spec.name, "\n".join([said, *lines[:_MOST], *more]))
        text = f"{summary.text}\n{render_passages(passages)}".strip()
        data = {"count": len(found), "documents": len(counts)}
        return ToolResult(text, (*summary.passages, *passages), data)


def _compiled(pattern: str, *, is_case_kept: bool) -> "regex.Pattern[str]":
    try:
        return regex.compile(pattern, regex.VERSION0 | (0 if is_case_kept else regex.IGNORECASE))
    except regex.error as error:
        raise InvalidInputError(f"{pattern!r} is no regular expression: {error}") from error


def _matches(scope: ToolScope, expression: "regex.Pattern[str]", max_seconds: float) -> Iterator[_Match]:
    deadline = time.monotonic() + max_seconds
    for document in scope.texts():
        try:
            for match in expression.finditer(
                document.text, timeout=max(deadline - time.monotonic(), 0.001)
            ):
                if match.end() > match.start():
                    yield _Match(document.document_id, document.source, *match.span())
        except TimeoutError as error:
            raise UnavailableError(
                f"{expression.pattern!r} took more than {max_seconds:g} s over this collection; search for"
                " plainer words"
            ) from error


def _passage(scope: ToolScope, match: _Match) -> Passage:
    document = scope.document(match.document_id)
    text = document.text
    before = text.rfind("\n", max(match.start - _AROUND, 0), match.start)
    start = before + 1 if before >= 0 else max(match.start - _AROUND, 0)
    after = text.find("\n", match.end, match.end + _AROUND)
    end = after if after >= 0 else min(match.end + _AROUND, len(text))
    return passage_at(document, start, end)
