"""HTML: the text of a page's main part, block by block.

Knows which elements are structure, which are furniture, and where the character set is declared.
"""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from indexing.loaders._html_walk import HtmlWalk
from indexing.loaders._text import TextBuilder, clean, decode, finish, one_line
from rag.core.errors import UnreadableDocumentError
from rag.core.types import Attribute, ParsedDocument

__all__ = ["Html"]

_MAIN = ("main", "[role=main]", "article", "body")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_CHARSET_BYTES = 2048
# What a label means in HTML, where it differs from what Python means by it.
_LABELS = {
    "ascii": "cp1252", "us-ascii": "cp1252", "iso-8859-1": "cp1252", "latin1": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949", "utf-16": "utf-8",
}  # fmt: skip
_MAX_DEPTH = 5000
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)(?![^<>]*/>)")
_END_BY_THEMSELVES = frozenset(
    """area base body br col colgroup dd dt embed head hr html img input li link meta optgroup option p
    rp rt source tbody td tfoot th thead tr track wbr""".split()
)
_FIELDS = ("author", "date", "description", "keywords")


class Html:
    """Read HTML pages."""

    suffixes = (".htm", ".html", ".xhtml")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text that a reader comes for; scripts, navigation, asides and controls are left out.

        Raises:
            UnreadableDocumentError: no text in any known encoding, or nothing but markup.
        """
        declared = _CHARSET.search(content[:_CHARSET_BYTES])
        label = declared[1].decode().lower() if declared else None
        source = decode(content, name=name, declared=_LABELS.get(label or "", label))
        if _is_too_deep(source):
            raise UnreadableDocumentError(
                f"{name!r} nests its elements more than {_MAX_DEPTH} deep; close the elements that it opens"
            )
        try:
            tree = LexborHTMLParser(source)
        except SelectolaxError as error:
            raise UnreadableDocumentError(f"{name!r} cannot be read as HTML: {error}") from error
        builder = _main_part(tree)
        title = _text_of(tree.css_first("title")) or builder.first_heading()
        return finish(builder.text, name=name, title=title, blocks=builder.blocks, metadata=_metadata(tree))


def _is_too_deep(source: str) -> bool:
    """Tell whether elements that only their end tags end are nested absurdly deep.

    The parser takes quadratic time over depth: 8,000 cost 0.2 s, 200,000 (a megabyte) several minutes.
    """
    depth = 0
    for match in _TAG.finditer(source):
        if match[2].lower() in _END_BY_THEMSELVES:
            continue
        depth = max(depth - 1, 0) if match[1] else depth + 1
        if depth > _MAX_DEPTH:
            return True
    return False


def _main_part(tree: LexborHTMLParser) -> TextBuilder:
    """Give the first of the candidates that holds text: pages have empty `<main>` elements, too."""
    builder = TextBuilder()
    for selector in _MAIN:
        nodes = tree.css(selector)
        if len(nodes) != 1:  # several articles are a list of them: the page is the document
            continue
        builder = TextBuilder()
        HtmlWalk(builder).walk(nodes[0])
        if builder.text:
            break
    return builder


def _metadata(tree: LexborHTMLParser) -> dict[str, Attribute]:
    metadata: dict[str, Attribute] = {}
    for node in tree.css("meta[name][content]"):
        field = (node.attributes.get("name") or "").lower()
        value = one_line(clean(node.attributes.get("content") or ""))
        if field not in _FIELDS or not value:
            continue
        metadata[field] = tuple(part.strip() for part in value.split(",")) if field == "keywords" else value
    return metadata


def _text_of(node: LexborNode | None) -> str:
    return one_line(node.text()) if node is not None else ""
