"""Rich Text Format: headings, paragraphs, lists and tables in their order.

A note follows the block that names it. Headers, footers, comments, pictures and hidden text are left out.
"""

from dataclasses import dataclass, field

from indexing.loaders._archive import reading
from indexing.loaders._rtf_words import Control, Group, pieces
from indexing.loaders._text import TextBuilder, finish, one_line
from rag.core.errors import UnreadableDocumentError
from rag.core.types import Attribute, BlockKind, ParsedDocument

__all__ = ["Rtf"]

_PROPERTIES = ("title", "author")
_NOT_TEXT = frozenset(
    """annotation atnauthor atnid atrfend atrfstart blipuid bkmkend bkmkstart colortbl datastore fldinst
    fonttbl footer footerf footerl footerr header headerf headerl headerr info latentstyles
    listoverridetable listtable mmathPr nonshppict objdata object pict pntext pntxta pntxtb private
    revtbl rsidtbl stylesheet tc themedata colorschememapping txe xe xmlnstbl""".split()
)
# Even after `\*`, which LibreOffice writes before notes.
_SHOWN = frozenset(("fldrslt", "footnote", "shptxt", "shpinst", "shp", "listtext", "shppict"))
_BODY_LEVEL = 9


class Rtf:
    """Read RTF."""

    suffixes = (".rtf",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text; the title is that of the properties, else the first heading.

        Raises:
            UnreadableDocumentError: not RTF, broken or without text.
        """
        start = content[:3].lstrip(b"\xef\xbb\xbf") + content[3:100]
        if not start.lstrip().startswith(b"{\\rtf"):
            raise UnreadableDocumentError(f"{name!r} does not begin as RTF does; check what it is")
        reader = _Reader()
        with reading(name, kind="RTF", program="a word processor"):
            for group, piece in pieces(content):
                reader.take(group, piece)
        reader.end()
        builder = reader.builder
        values = {field: one_line(_whole(text)) for field, text in reader.properties.items()}
        metadata: dict[str, Attribute] = {"author": values["author"]} if values.get("author") else {}
        return finish(
            builder.text,
            name=name,
            title=values.get("title") or builder.first_heading(),
            blocks=builder.blocks,
            metadata=metadata,
        )


@dataclass(slots=True)
class _Reader:
    builder: TextBuilder = field(default_factory=TextBuilder)
    properties: dict[str, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)  # of the paragraph
    cells: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    mark: str = ""  # of the list item
    notes: dict[str, str] = field(default_factory=dict)  # mark -> note, of the blocks not yet written
    num_notes: int = 0
    level: int = 0
    in_table: bool = False
    is_starred: bool = False

    def take(self, group: Group, piece: str | Control) -> None:
        """Take the next piece of the document."""
        if isinstance(piece, str):
            self._add_text(group, piece)
            return
        if piece.word == "*":
            self.is_starred = True
            return
        if self.is_starred and piece.word not in ("{", "}") and piece.word not in _SHOWN:
            group.destination = "unknown" if group.destination in ("", "footnote") else group.destination
        elif piece.word == "footnote" and not group.destination:
            self._begin_note(group)
        elif piece.word in _NOT_TEXT or piece.word in _PROPERTIES or piece.word == "listtext":
            self._enter(group, piece.word)
        elif not group.destination:
            self._structure(group, piece)
        self.is_starred = False

    def end(self) -> None:
        """Write what is still held."""
        self.in_table = False
        self._end_paragraph()
        self._end_row()
        self._end_runs()

    def _begin_note(self, group: Group) -> None:
        """Mark its place in the text; endnotes are written the same way."""
        group.destination = "footnote"
        self.num_notes += 1
        self.text.append(f"[{self.num_notes}]")
        self.notes[f"[{self.num_notes}]"] = ""

    def _enter(self, group: Group, destination: str) -> None:
        if destination in _PROPERTIES:
            destination = destination if group.destination == "info" else group.destination
        elif group.destination not in ("", "footnote"):
            return
        group.destination = destination

    def _add_text(self, group: Group, text: str) -> None:
        if group.destination in _PROPERTIES:
            self.properties[group.destination] = self.properties.get(group.destination, "") + text
        elif group.destination == "listtext":
            self.mark += text
        elif group.destination == "footnote" and not group.is_hidden:
            self.notes[f"[{self.num_notes}]"] += text
        elif not group.destination and not group.is_hidden:
            self.text.append(text)

    def _structure(self, group: Group, control: Control) -> None:
        word, number = control.word, control.number
        if word in _ENDS:
            _ENDS[word](self)
        elif word in ("intbl", "trowd"):
            self.in_table = True
        elif word == "pard":
            self.in_table, self.level = False, 0
        elif word == "outlinelevel" and number is not None:
            self.level = number + 2 if number < _BODY_LEVEL else 0
        elif word in ("v", "deleted"):
            group.is_hidden = number != 0
        elif word == "plain":
            group.is_hidden = False

    def _end_cell(self) -> None:
        self.cells.append(one_line(_whole("".join(self.text))))
        self.text.clear()
        self.mark = ""

    def _end_paragraph(self) -> None:
        if self.in_table:
            self.text.append("\n")  # a cell has several
            return
        text, mark = _whole("".join(self.text)).strip(), one_line(self.mark)
        self.text.clear()
        self.mark = ""
        if mark and text and not self.level:
            self._end_row()
            self._end_table()
            self.items.append(f"{mark if mark[0].isalnum() else '-'} {one_line(text)}")
            return
        self._end_runs()
        if self.level:
            self._write(one_line(text), "heading", level=self.level)
        else:
            self._write(text)

    def _end_row(self) -> None:
        if any(self.cells):
            self._end_items()
            self.rows.append(" | ".join(self.cells))
        self.cells.clear()

    def _end_runs(self) -> None:
        self._end_items()
        self._end_table()

    def _end_items(self) -> None:
        self._write("\n".join(self.items), "list")
        self.items.clear()

    def _end_table(self) -> None:
        self._write("\n".join(self.rows), "table")
        self.rows.clear()

    def _write(self, text: str, kind: BlockKind = "paragraph", *, level: int = 0) -> None:
        for mark in [mark for mark in self.notes if mark in text]:
            self.builder.note(f"{mark} {one_line(_whole(self.notes.pop(mark)))}")
        self.builder.add(text, kind, level=level)


_ENDS = {  # control words (or a newline after a backslash) -> what ends
    **dict.fromkeys(("par", "sect", "page", "\n", "\r"), _Reader._end_paragraph),
    **dict.fromkeys(("cell", "nestcell"), _Reader._end_cell),
    **dict.fromkeys(("row", "nestrow"), _Reader._end_row),
}


def _whole(text: str) -> str:
    """Give the text with the halves of a character put together."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
