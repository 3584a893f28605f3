"""HTML: the text of a page's main part, block by block.

Knows which elements are structure and which are furniture.
"""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from indexing.loaders._html_tree import charset_of, parse_html
from indexing.loaders._html_walk import HtmlWalk
from indexing.loaders._text import TextBuilder, clean, decode, finish, one_line
from rag.core.types import Attribute, ParsedDocument

__all__ = ["Html"]

_MAIN = ("main", "[role=main]")
_FIELDS = ("author", "date", "description", "keywords")


class Html:
    """Read HTML pages."""

    suffixes = (".htm", ".html", ".xhtml")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text that a reader comes for; scripts, navigation, asides and controls are left out.

        Raises:
            UnreadableDocumentError: no text in any known encoding, or nothing but markup.
        """
        source = decode(content, name=name, declared=charset_of(content))
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
