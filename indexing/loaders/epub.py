"""E-books: the chapters in the order of the spine, each with its headings, lists and tables.

Notes and asides are part of a book's text; its navigation, which repeats the headings, is left out.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from indexing.loaders._archive import open_archive, reading
from indexing.loaders._html_tree import parse_html
from indexing.loaders._html_walk import HtmlWalk
from indexing.loaders._text import TextBuilder, clean, decode, finish, one_line
from indexing.loaders._xml import Element, local
from indexing.loaders._xml_document import parse_xml
from rag.core.errors import UnreadableDocumentError
from rag.core.types import Attribute, ParsedDocument

__all__ = ["Epub"]

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONTS = ("http://ns.adobe.com/pdf/enc#RC", "http://www.idpf.org/2008/embedding")  # hidden, not locked
_PAGES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")
_CHARSET = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_CHARSET_BYTES = 2048
_CLOSED = re.compile(r"<(?!(?:br|hr|img|col|input|link|meta|wbr)\b)([A-Za-z][\w.-]*)((?:\s[^<>]*)?)/>")
_DATE_LENGTH = len("2020-01-31")


class Epub:
    """Read EPUB 2 and 3 without digital rights management."""

    suffixes = (".epub",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the book's text; title, author and date are those of its package file.

        Raises:
            UnreadableDocumentError: broken, locked by rights management, too large or without text.
        """
        with (
            reading(name, kind="an EPUB", program="an e-book reader"),
            open_archive(content, name=name) as archive,
        ):
            _refuse_locked(archive, name=name)
            place = _package_place(archive)
            package = parse_xml(archive.read(place), name=place)
            builder = TextBuilder()
            names = set(archive.namelist())
            for page in _pages(package, posixpath.dirname(place)):
                if page in names:
                    _add_page(builder, archive.read(page), name=f"{name}/{page}")
                else:
                    builder.add(f"Chapter not read: {page} (it is missing from the file)")
        metadata = _metadata(package)
        title = metadata.pop("title", None) or builder.first_heading()
        return finish(
            builder.text, name=name, title=str(title or ""), blocks=builder.blocks, metadata=metadata
        )


def _refuse_locked(archive: zipfile.ZipFile, *, name: str) -> None:
    if _ENCRYPTION not in archive.namelist():
        return
    listed = parse_xml(archive.read(_ENCRYPTION), name=_ENCRYPTION)
    methods = [each.get("Algorithm", "") for each in listed.iter() if local(each.tag) == "EncryptionMethod"]
    if any(method not in _FONTS for method in methods):
        raise UnreadableDocumentError(
            f"{name!r} is locked by digital rights management; get a copy without"
        )


def _package_place(archive: zipfile.ZipFile) -> str:
    container = parse_xml(archive.read(_CONTAINER), name=_CONTAINER)
    for element in container.iter():
        if local(element.tag) == "rootfile" and (place := element.get("full-path")):
            return place
    raise ValueError(f"{_CONTAINER} names no package file")


def _pages(package: Element, folder: str) -> Iterator[str]:
    """Give where the chapters are, in the order of the spine."""
    items = {each.get("id", ""): each for each in package.iter() if local(each.tag) == "item"}
    seen: set[str] = set()
    for reference in package.iter():
        item = items.get(reference.get("idref", "")) if local(reference.tag) == "itemref" else None
        if item is None or item.get("media-type", _PAGES[0]) not in _PAGES:
            continue
        place = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "").split("#")[0])))
        if place not in seen:
            seen.add(place)
            yield place


def _add_page(builder: TextBuilder, content: bytes, *, name: str) -> None:
    if not content.strip():
        return
    declared = _CHARSET.search(content[:_CHARSET_BYTES])
    source = decode(content, name=name, declared=declared[1].decode().lower() if declared else None)
    # An HTML parser takes XHTML's `<title/>` for the start of a title that never ends.
    page = parse_html(_CLOSED.sub(r"<\1\2></\1>", source), name=name)
    if page.body is not None:
        HtmlWalk(builder, left_out=frozenset(["nav"])).walk(page.body)


def _metadata(package: Element) -> dict[str, Attribute]:
    found: dict[str, list[str]] = {}
    for element in package.iter():
        if element.tag.startswith("{http://purl.org/dc/elements/1.1/}"):
            text = one_line(clean("".join(element.itertext())))
            found.setdefault(local(element.tag), []).append(text)
    names = {"title": "title", "creator": "author", "date": "created", "language": "language"}
    metadata: dict[str, Attribute] = {
        field: ", ".join(filter(None, found[tag])) if field == "author" else found[tag][0]
        for tag, field in names.items()
        if any(found.get(tag, ()))
    }
    if "created" in metadata:
        metadata["created"] = str(metadata["created"])[:_DATE_LENGTH]
    return {field: value for field, value in metadata.items() if value}
