"""One chunk a document; what is beyond the encoder's limit is not seen. For evaluation."""

from dataclasses import dataclass

from rag.core.types import Chunk, ParsedDocument

__all__ = ["Whole"]


@dataclass(frozen=True, slots=True)
class Whole:
    """Give the whole text as one chunk."""

    def chunk(self, document: ParsedDocument) -> list[Chunk]:
        """Give one chunk without the white space around the text; none for a blank text."""
        text = document.text.strip()
        if not text:
            return []
        start = document.text.index(text)
        return [Chunk(start, start + len(text), text)]
