"""No reader: sentences are judged by words and vectors alone, and there are no short answers."""

from collections.abc import Sequence

from rag.core.types import AnswerSpan, Passage

__all__ = ["NoReader"]


class NoReader:
    """Find nothing."""

    def read(self, question: str, passages: Sequence[Passage]) -> list[AnswerSpan]:
        """Give no spans."""
        return []
