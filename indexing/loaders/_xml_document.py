"""XML files as people have them: in any encoding, often with a document type, which names a DTD.

The DTD is never fetched and no entity may be declared, so that nothing is read from elsewhere and nothing
expands. Of the entities that a DTD would bring, those of HTML are known.
"""

import re
from html.entities import html5
from io import BytesIO

from indexing.loaders._text import decode
from indexing.loaders._xml import Element, tree_with_document_type

__all__ = ["parse_xml"]

_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.-]+)["']""")
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]{0,1000}\?>")


def parse_xml(content: bytes, *, name: str) -> Element:
    """Give the root element.

    Raises:
        UnreadableDocumentError: the bytes are no text.
        ExpatError: not well-formed.
        ValueError: entities are declared, too deep, or too many elements.
    """
    declared = _ENCODING.search(content[:1000])
    text = decode(content, name=name, declared=declared[1].decode().lower() if declared else None)
    source = _DECLARATION.sub("", text).encode()
    return tree_with_document_type(BytesIO(source), entity=_entity)


def _entity(name: str) -> str:
    """Give what an entity of HTML stands for; of another, its name as written."""
    return html5.get(f"{name};", f"&{name};")
