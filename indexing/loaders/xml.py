"""XML: articles in JATS, other documents by their paragraphs, and data as records.

The document type is not read and no entity expanded, so that a file brings nothing but itself.
"""

from indexing.loaders._archive import reading
from indexing.loaders._jats import add_article, is_article
from indexing.loaders._records import Value, add_records
from indexing.loaders._text import TextBuilder, finish
from indexing.loaders._xml import Element, local
from indexing.loaders._xml_document import parse_xml
from indexing.loaders._xml_walk import PARAGRAPHS, XmlWalk, text_of
from rag.core.types import Attribute, ParsedDocument

__all__ = ["Xml"]

_NOISE = ("base", "class", "lang", "nil", "noNamespaceSchemaLocation", "schemaLocation", "space", "style")
_TITLES = ("title", "article-title")


class Xml:
    """Read XML."""

    suffixes = (".nxml", ".xml")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text: of a document, headings and paragraphs; of data, a record an element.

        Raises:
            UnreadableDocumentError: not well-formed, entities are declared, too deep, or without text.
        """
        with reading(name, kind="XML", program="the program that made it"):
            root = parse_xml(content, name=name)
            builder = TextBuilder()
            metadata: dict[str, Attribute] = {}
            articles = [each for each in (root, *root) if is_article(each)]
            for article in articles:
                metadata = add_article(builder, article)
            if not articles and _is_prose(root):
                XmlWalk(builder).walk(root, 1)
            elif not articles:
                add_records(builder, [_value(root)])
        title = metadata.pop("title", None) or builder.first_heading() or _title(root)
        return finish(
            builder.text,
            name=name,
            title=str(title),
            blocks=builder.blocks,
            metadata=metadata if len(articles) == 1 else {},
        )


def _is_prose(root: Element) -> bool:
    """Tell text for people from data: it has paragraphs, or text beside elements."""
    return any(
        local(each.tag) in PARAGRAPHS or (len(each) > 0 and _has_words_beside(each)) for each in root.iter()
    )


def _has_words_beside(element: Element) -> bool:
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _value(element: Element) -> Value:
    """Give attributes and children as keys; children of one name are a list."""
    text = (element.text or "").strip()
    names = ((local(name), value) for name, value in element.attrib.items())
    attributes = [(name, value) for name, value in names if name not in _NOISE]
    children: dict[str, list[Value]] = {}
    for child in element:
        children.setdefault(local(child.tag), []).append(_value(child))
    if not attributes and not children:
        return text
    inner = [(tag, values[0] if len(values) == 1 else values) for tag, values in children.items()]
    return (*attributes, *([("text", text)] if text else []), *inner)


def _title(root: Element) -> str:
    return next((text_of(child) for child in root if local(child.tag) in _TITLES), "")
