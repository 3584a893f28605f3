"""What an event says of a step: calls, searches and passages in short."""

from collections.abc import Sequence

from agents.calling import Call
from rag.core.types import Passage, SearchResult

__all__ = ["call_in_short", "evidence", "found_in_short"]

_EXCERPT = 160  # characters of a passage


def call_in_short(call: Call) -> dict[str, object]:
    """Give what is called, with what, and what that does."""
    return {"tool": call.tool, "arguments": call.arguments, "effects": call.effects}


def found_in_short(result: SearchResult) -> dict[str, object]:
    """Give what was found, and how long it took."""
    return {
        "passages": len(result.passages),
        "sources": list(dict.fromkeys(passage.source for passage in result.passages)),
        "evidence": evidence(result.passages),
        "timings": dict(result.timings),
    }


def evidence(passages: Sequence[Passage]) -> list[dict[str, object]]:
    """Give passages in short: enough to find each again, and to know it when one sees it."""
    return [
        {
            "chunk_id": passage.chunk_id,
            "source": passage.source,
            "page": passage.page,
            "score": round(passage.score, 4),
            "text": _excerpt(passage.text),
        }
        for passage in passages
    ]


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[: _EXCERPT - 1]}…"
