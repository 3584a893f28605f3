"""HTML: the text of its main part, block by block."""

import re
from pathlib import PurePath

from selectolax.lexbor import LexborHTMLParser, LexborNode

from indexing.loaders._text import TextBuilder, decode
from rag.core.types import Attribute, BlockKind, ParsedDocument

__all__ = ["Html"]

_SKIPPED = frozenset(
    "script style noscript template nav aside form button select svg iframe object head footer".split()
)
_INLINE = frozenset(
    "a abbr b bdi bdo br cite code data del dfn em font i img ins kbd label mark q s samp small span strong sub sup time tt u var wbr -text".split()
)
_KINDS: dict[str, BlockKind] = {"li": "list", "pre": "code", "dt": "list", "dd": "list"}
_CHARSET = re.compile(rb"charset=[\"']?([\w-]+)", re.IGNORECASE)


class Html:
    """Read HTML pages."""

    suffixes = (".html", ".htm", ".xhtml")

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give the text that a reader sees; scripts, navigation and forms are left out."""
        declared = _CHARSET.search(content[:2048])
        tree = LexborHTMLParser(_decoded(content, declared, name=name))
        builder = TextBuilder()
        root = tree.css_first("main") or tree.css_first("article") or tree.body
        if root is not None:
            _walk(root, builder)
        title_node = tree.css_first("title") or tree.css_first("h1")
        title = " ".join(title_node.text().split()) if title_node is not None else ""
        return ParsedDocument(
            builder.text,
            title or PurePath(name).stem,
            blocks=tuple(builder.blocks),
            metadata=_metadata(tree),
        )


def _decoded(content: bytes, declared: re.Match[bytes] | None, *, name: str) -> str:
    if declared is not None:
        try:
            return content.decode(declared[1].decode())
        except (LookupError, UnicodeDecodeError):
            pass  # a wrong declaration is common; the bytes themselves decide
    return decode(content, name=name)


def _walk(node: LexborNode, builder: TextBuilder) -> None:
    inline: list[str] = []
    for child in node.iter(include_text=True):
        tag = child.tag
        if tag in _SKIPPED or tag == "_comment":
            continue
        if tag in _INLINE and (tag == "-text" or not _has_blocks(child)):
            inline.append("\n" if tag == "br" else (child.text_content or child.text(deep=True)))
            continue
        _flush(inline, node, builder)
        _block(child, builder)
    _flush(inline, node, builder)


def _block(node: LexborNode, builder: TextBuilder) -> None:
    tag = node.tag or ""
    if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
        builder.add(" ".join(node.text().split()), "heading", level=int(tag[1]))
    elif tag == "table":
        rows = [
            " | ".join(" ".join(cell.text().split()) for cell in row.css("th, td"))
            for row in node.css("tr")
        ]
        builder.add("\n".join(row for row in rows if row.strip(" |")), "table")
    elif tag in ("ul", "ol") and not any(_has_blocks(item) for item in node.css("li")):
        items = [" ".join(item.text().split()) for item in node.css("li")]
        builder.add("\n".join(f"- {item}" for item in items if item), "list")
    elif tag == "pre":
        builder.add(node.text(), "code")
    else:
        _walk(node, builder)


def _flush(inline: list[str], owner: LexborNode, builder: TextBuilder) -> None:
    lines = [" ".join(line.split()) for line in "".join(inline).split("\n")]
    inline.clear()
    builder.add(" ".join(line for line in lines if line), _KINDS.get(owner.tag or "", "paragraph"))


def _has_blocks(node: LexborNode) -> bool:
    return any(
        child.tag not in _INLINE
        for child in node.traverse(include_text=False)
        if child.mem_id != node.mem_id
    )


def _metadata(tree: LexborHTMLParser) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for node in tree.css("meta[name][content]"):
        name, value = node.attributes.get("name"), node.attributes.get("content")
        if name in ("author", "description", "keywords", "date") and value:
            found[name] = value
    return found
