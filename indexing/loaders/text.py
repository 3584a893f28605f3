"""Plain text -> paragraphs at blank lines; the text stays as it is in the file."""

import re

from indexing.loaders._text import decode, finish
from rag.core.types import Block, ParsedDocument

__all__ = ["Text"]

_PARAGRAPH = re.compile(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")


class Text:
    """Read plain text in any common encoding."""

    suffixes = (".txt", ".text", ".log")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Read a document.

        Raises:
            UnreadableDocumentError: the bytes are not text, or blank.
        """
        text = decode(content, name=name)
        blocks = (Block("paragraph", match.start(), match.end()) for match in _PARAGRAPH.finditer(text))
        return finish(text, name=name, title=None, blocks=blocks)
