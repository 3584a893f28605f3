"""HTML: the text of a page's main part, block by block.

Knows which elements are structure, which are furniture, and where the character set is declared.
"""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from indexing.loaders._html_tree import parse_html
from indexing.loaders._html_walk import HtmlWalk
from indexing.loaders._text import TextBuilder, clean, decode, finish, one_line
from rag.core.types import Attribute, ParsedDocument

__all__ = ["Html"]

_MAIN = ("main", "[role=main]")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_CHARSET_BYTES = 2048
# What a label means in HTML, where it differs from what Python means by it.
_LABELS = {
    "ascii": "cp1252", "us-ascii": "cp1252", "iso-8859-1": "cp1252", "latin1": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949", "utf-16": "utf-8",
}  # fmt: skip
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
        tree = parse_html(source, name=name)
        builder = _main_part(tree)
        title = _text_of(tree.css_first("title")) or builder.first_heading()
        return finish(builder.text, name=name, title=title, blocks=builder.blocks, metadata=_metadata(tree))


def _main_part(tree: LexborHTMLParser) -> TextBuilder:
    """Give what a page calls its main part, if that holds text; else the only article, if most is in it."""
    for selector in _MAIN:
        nodes = tree.css(selector)
        if len(nodes) == 1 and (part := _written(nodes[0])).length:
            return part
    page = _written(tree.body)
    articles = tree.css("article")  # several are a list of them: the page is the document
    article = _written(articles[0]) if len(articles) == 1 else page
    return article if 2 * article.length > page.length else page


def _written(node: LexborNode | None) -> TextBuilder:
    builder = TextBuilder()
    if node is not None:
        HtmlWalk(builder).walk(node)
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
