"""Word documents: headings, paragraphs, lists and tables in their order."""

import io
import zipfile
from pathlib import PurePath

import docx
from docx.document import Document
from docx.oxml.exceptions import InvalidXmlError
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml.etree import XMLSyntaxError

from indexing.loaders._text import TextBuilder
from rag.core.errors import UnreadableDocumentError
from rag.core.types import Attribute, ParsedDocument

__all__ = ["Docx"]


class Docx:
    """Read Word's .docx."""

    suffixes = (".docx",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the body's text; headers, footers and comments are left out."""
        document = _opened(content, name)
        builder = TextBuilder()
        items: list[str] = []
        for part in document.iter_inner_content():
            if isinstance(part, Paragraph) and _style(part).startswith("List"):
                items.append(f"- {part.text.strip()}")
                continue
            builder.add("\n".join(items), "list")
            items.clear()
            if isinstance(part, Table):
                builder.add("\n".join(_row(row.cells) for row in part.rows), "table")
            else:
                _add_paragraph(part, builder)
        builder.add("\n".join(items), "list")
        properties = document.core_properties
        metadata: dict[str, Attribute] = {"author": properties.author} if properties.author else {}
        headings = [block for block in builder.blocks if block.kind == "heading"]
        first = builder.text[headings[0].start : headings[0].end] if headings else PurePath(name).stem
        return ParsedDocument(
            builder.text, properties.title or first, blocks=tuple(builder.blocks), metadata=metadata
        )


def _opened(content: bytes, name: str) -> Document:
    try:
        return docx.Document(io.BytesIO(content))
    except (
        zipfile.BadZipFile,
        PackageNotFoundError,
        InvalidXmlError,
        XMLSyntaxError,
        KeyError,
        ValueError,
        OSError,
        EOFError,
        NotImplementedError,
        AttributeError,
        RuntimeError,
    ) as error:
        # The library raises whatever its reading of broken XML runs into.
        raise UnreadableDocumentError(
            f"{name!r} cannot be read as a Word document (broken or protected): {error}"
        ) from error


def _add_paragraph(paragraph: Paragraph, builder: TextBuilder) -> None:
    style = _style(paragraph)
    if style == "Title":
        builder.add(paragraph.text, "heading", level=1)
    elif style.startswith("Heading"):
        level = style.rpartition(" ")[2]
        builder.add(paragraph.text, "heading", level=int(level) + 1 if level.isdigit() else 2)
    else:
        builder.add(paragraph.text)


def _style(paragraph: Paragraph) -> str:
    return (paragraph.style.name if paragraph.style is not None else None) or ""


def _row(cells: tuple[object, ...]) -> str:
    texts: list[str] = []
    previous: object = None
    for cell in cells:
        element = getattr(cell, "_tc", None)
        if element is not previous:  # a merged cell comes once for each column that it spans
            texts.append(" ".join(getattr(cell, "text", "").split()))
        previous = element
    return " | ".join(texts)
