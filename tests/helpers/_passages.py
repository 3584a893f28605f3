"""Passages for tests of generation."""

from rag.core.types import Passage

__all__ = ["passage"]


def passage(text: str, *, document: str = "d1", start: int = 0, title: str = "Handbook") -> Passage:
    """Give a passage that stands at `start` of a document."""
    return Passage(
        chunk_id=f"{document}.1.{start}",
        document_id=document,
        version=1,
        source=f"{document}.txt",
        title=title,
        page=None,
        start=start,
        end=start + len(text),
        score=1.0,
        text=text,
    )
