"""How answers, citations and hits read in a terminal; text only, no I/O."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag.core.types import Answer, Citation, Closest, Missing
from rag.scoring.fences import unfenced

__all__ = ["answer_text", "citations_text", "hits_text", "marked", "one_line", "table_text", "timings_text"]

_BREAKING = re.compile("[\t\n\v\f\r\x85\u2028\u2029]")
_QUOTE_CHARS = 240
_SIGNS = {"\t": "␉", "\n": "␊", "\v": "␋", "\f": "␌", "\r": "␍"}


def answer_text(answer: Answer) -> str:
    """Give the answer with its numbered citations below it, or a refusal and what comes closest."""
    if answer.refused:
        return f"{answer.answer}\n\n{_closest_text(answer.missing)}".strip()
    return f"{marked(answer)}\n\n{citations_text(answer.citations)}".strip()


def marked(answer: Answer) -> str:
    """Put [1], [2], ... behind the words they support, and [?] behind what nothing supports."""
    marks: dict[int, str] = {}
    for number, citation in enumerate(answer.citations, 1):
        marks[citation.answer_end] = marks.get(citation.answer_end, "") + f" [{number}]"
    for sentence in answer.sentences:
        if not sentence.supported:
            marks[sentence.end] = marks.get(sentence.end, "") + " [?]"
    text = answer.answer
    for end in sorted(marks, reverse=True):
        text = text[:end] + marks[end] + text[end:]
    return text


def citations_text(citations: Sequence[Citation]) -> str:
    """List citations: source, page, relevance and the quoted words."""
    lines = []
    for number, citation in enumerate(citations, 1):
        lines.append(f"[{number}] {_place(citation)} (relevance {citation.relevance:.2f})")
        lines.append(f"    “{_short(citation.quote)}”")
    return "\n".join(lines)


def hits_text(hits: Sequence[Mapping[str, Any]]) -> str:  # Any: JSON
    """List hits, as `rag search --json` gives them, best first."""
    if not hits:
        return "Nothing found."
    lines = []
    for number, hit in enumerate(hits, 1):
        page = f", page {hit['page']}" if hit["page"] else ""
        lines.append(f"{number:2}. {one_line(hit['source'])}{page}  score {hit['score']:.3f}")
        lines.append(f"    {_short(hit['text'])}")
    return "\n".join(lines)


def timings_text(timings: Mapping[str, float]) -> str:
    """Give the stages and their milliseconds on one line.

    >>> timings_text({"retrieve": 41.26, "total": 60.0})
    'retrieve 41.3 ms · total 60.0 ms'
    """
    return " · ".join(f"{stage} {milliseconds:.1f} ms" for stage, milliseconds in timings.items())


def table_text(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Align values in columns under their names.

    >>> print(table_text([{"name": "a", "documents": 2}], ["name", "documents"]))
    name  documents
    a     2
    """
    cells = [list(columns), *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def one_line(text: str) -> str:
    r"""Make visible what would begin another line or column: a name that holds it forges no row.

    >>> one_line("new\nline.md")
    'new␊line.md'
    """
    return _BREAKING.sub(lambda match: _SIGNS.get(match[0], " "), text)


def _closest_text(gap: Missing | None) -> str:
    if gap is None or gap.closest is None:
        return ""
    return f"Closest: “{_short(gap.closest.quote)}” — {_place(gap.closest)}"


def _place(cited: Citation | Closest) -> str:
    source = one_line(cited.source)
    return f"{source}, page {cited.page}" if cited.page else source


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_cell(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_cell(each) for each in value)
    return "" if value is None else one_line(str(value))


def _short(text: str) -> str:
    line = " ".join(unfenced(text).split())
    return line if len(line) <= _QUOTE_CHARS else line[: _QUOTE_CHARS - 1] + "…"
