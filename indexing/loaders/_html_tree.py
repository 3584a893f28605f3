"""HTML source -> a tree, refused where the parser would take minutes over it; and what it is encoded in."""

import re

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from rag.core.errors import UnreadableDocumentError

__all__ = ["charset_of", "encoding_of", "parse_html"]

_MAX_DEPTH = 5000
_TAG = re.compile(  # or a comment, a script or a style sheet, in which `<` begins no element
    r"<!(?=--).*?(?:--!?>|\Z)|<(script|style)\b.*?(?:</\1\b|\Z)|<(/?)([a-z][a-z0-9]*)(?![^<>]*/>)",
    re.DOTALL | re.IGNORECASE,
)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_CHARSET_BYTES = 2048
# What a label means in HTML, where it differs from what Python means by it.
_LABELS = {
    "ascii": "cp1252", "us-ascii": "cp1252", "iso-8859-1": "cp1252", "latin1": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949", "utf-16": "utf-8",
}  # fmt: skip
_END_BY_THEMSELVES = frozenset(
    """area base body br col colgroup dd dt embed head hr html img input li link meta optgroup option p
    rp rt source tbody td tfoot th thead tr track wbr""".split()
)


def charset_of(content: bytes) -> str | None:
    """Give the encoding that a page says it is in, as Python calls it.

    >>> charset_of(b"<meta charset=GB2312>"), charset_of(b"<p>")
    ('gb18030', None)
    """
    declared = _CHARSET.search(content[:_CHARSET_BYTES])
    return encoding_of(declared[1].decode()) if declared else None


def encoding_of(label: str) -> str:
    """Give what Python calls the encoding that the web calls so.

    >>> encoding_of("ISO-8859-1"), encoding_of("koi8-r")
    ('cp1252', 'koi8-r')
    """
    return _LABELS.get(label.lower(), label.lower())


def parse_html(source: str, *, name: str) -> LexborHTMLParser:
    """Parse a page.

    Raises:
        UnreadableDocumentError: its elements nest absurdly deep, or the parser gives up.
    """
    if _is_too_deep(source):
        raise UnreadableDocumentError(
            f"{name!r} nests its elements more than {_MAX_DEPTH} deep; close the elements that it opens"
        )
    try:
        return LexborHTMLParser(source)
    except SelectolaxError as error:
        raise UnreadableDocumentError(f"{name!r} cannot be read as HTML: {error}") from error


def _is_too_deep(source: str) -> bool:
    """Tell whether elements that only their end tags end are nested absurdly deep.

    The parser takes quadratic time over depth: 8,000 cost 0.2 s, 200,000 (a megabyte) several minutes.
    """
    depth = 0
    for match in _TAG.finditer(source):
        if match[3] is None or match[3].lower() in _END_BY_THEMSELVES:
            continue
        depth = max(depth - 1, 0) if match[2] else depth + 1
        if depth > _MAX_DEPTH:
            return True
    return False
