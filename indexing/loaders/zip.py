"""Zip archives as one document: a section for each file that some loader takes.

So an archive inside a message is read. One that is submitted becomes a document for each of its files
(`indexing/archives.py`).
"""

from indexing.loaders._members import Member, members
from indexing.loaders._nested import add_part, add_unread, holding
from indexing.loaders._text import TextBuilder, finish
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument

__all__ = ["Zip"]

_MAX_UNPACKED_BYTES = 512_000_000
_LABEL = "File"


class Zip:
    """Read zip archives of documents."""

    suffixes = (".zip",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the files' texts, each below a heading with its name; what is not read is named.

        Raises:
            UnreadableDocumentError: broken, too large, nested too deep, or nothing in it is read.
        """
        builder = TextBuilder()
        with holding(name):
            for member in members(content, name=name, max_bytes=_MAX_UNPACKED_BYTES):
                _add(builder, member)
        return finish(builder.text, name=name, title=None, blocks=builder.blocks)


def _add(builder: TextBuilder, member: Member) -> None:
    if member.error is not None:
        add_unread(builder, member.name, label=_LABEL, reason=member.error)
        return
    try:
        content = member.read()
    except UnreadableDocumentError as error:
        if member.is_room_full:
            raise
        add_unread(builder, member.name, label=_LABEL, reason=str(error))
        return
    add_part(builder, content, name=member.name, label=_LABEL, level=1)
