"""Messages, whatever file they come in -> text: subject, fields, body, then what is attached.

An attachment's text comes from its own loader, below a heading that names it. Knows neither MIME nor
Outlook.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import getaddresses
from itertools import pairwise

from indexing.loaders._html_tree import parse_html
from indexing.loaders._html_walk import HtmlWalk
from indexing.loaders._nested import add_part, add_unread, holding
from indexing.loaders._text import TextBuilder, clean, finish, one_line
from rag.core.errors import UnreadableDocumentError
from rag.core.types import Attribute, ParsedDocument

__all__ = ["Attachment", "Body", "Mail", "add_mail", "mail_document", "quoted"]

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
_ADDRESS = re.compile(r"https?://\S+|<[^<>\s]*>")
_WORD = re.compile(r"\w+")
_MAX_NEW = (
    0.05  # share of a paragraph's pairs of words that the form before it may lack and yet say the same
)
_SPECIAL = re.compile(r'[,;:<>()"]')
_LABEL = "Attachment"


@dataclass(frozen=True, slots=True)
class Body:
    """A part of a message that is shown, not attached."""

    text: str
    is_html: bool = False
    is_repeated: bool = False  # the plain form of one that stands before it


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or a message that came with a message."""

    name: str
    content: "bytes | Mail"


@dataclass(frozen=True, slots=True)
class Mail:
    """A message, decoded."""

    subject: str
    sender: str
    recipients: Sequence[tuple[str, str]]  # field, as `To`, and who; names `quoted`
    sent: datetime | None
    bodies: Sequence[Body]
    attachments: Sequence[Attachment]


def mail_document(mail: Mail, *, name: str) -> ParsedDocument:
    """Give a message as a document; its title is the subject, its author the sender.

    Raises:
        UnreadableDocumentError: it holds no text, or far too much inside it.
    """
    builder = TextBuilder()
    add_mail(builder, mail, name=name, level=1)
    found: dict[str, Attribute] = {
        "author": one_line(clean(mail.sender)),
        "created": mail.sent.date().isoformat() if mail.sent else "",
        "to": _addresses(mail),
        "attachments": tuple(filter(None, (one_line(clean(each.name)) for each in mail.attachments))),
    }
    metadata = {field: value for field, value in found.items() if value}
    return finish(builder.text, name=name, title=mail.subject, blocks=builder.blocks, metadata=metadata)


def add_mail(builder: TextBuilder, mail: Mail, *, name: str, level: int) -> None:
    """Write a message, its subject a heading of the level, what is attached one level below.

    Raises:
        UnreadableDocumentError: it stands inside too many others.
    """
    with holding(name):
        heading = one_line(clean(mail.subject)) or (one_line(clean(name)) if level > 1 else "")
        fields = "\n".join(_fields(mail))
        builder.add(heading, "heading", level=level)
        builder.add(fields, "table")
        start = builder.length
        for body in mail.bodies:
            said = f"{heading}\n{fields}\n{builder.text_since(start)}" if body.is_repeated else ""
            start = builder.length
            _add_body(builder, body, name=name, said=said)
        for attachment in mail.attachments:
            _add_attachment(builder, attachment, level=level + 1)


def quoted(name: str) -> str:
    """Give a name as it stands among others: in quotes where a comma or its like would part it.

    >>> quoted("Eva Schmidt"), quoted("Schmidt, Eva")
    ('Eva Schmidt', '"Schmidt, Eva"')
    """
    inner = name.replace('"', "'")
    return f'"{inner}"' if _SPECIAL.search(name) else name


def _addresses(mail: Mail) -> tuple[str, ...]:
    shown = [clean(who) for field, who in mail.recipients if field == "To"]
    return tuple(
        one_line(address or person) for person, address in getaddresses(shown) if address or person
    )


def _fields(mail: Mail) -> Iterable[str]:
    sent = mail.sent.isoformat(" ", "minutes") if mail.sent else ""
    for field, value in (("From", mail.sender), *mail.recipients, ("Date", sent)):
        if shown := one_line(clean(value)):
            yield f"{field}: {shown}"


def _add_body(builder: TextBuilder, body: Body, *, name: str, said: str) -> None:
    """Write a body; of one that is repeated, what is new."""
    if body.is_html:
        root = parse_html(clean(body.text), name=name).body
        if root is not None:
            HtmlWalk(builder, left_out=frozenset()).walk(root)
        return
    paragraphs = _BLANK_LINES.split(clean(body.text))
    known = _known(said)
    for paragraph in paragraphs:
        pairs = _pairs(paragraph)
        new = sum(pair not in known for pair in pairs)
        if not body.is_repeated or new > _MAX_NEW * len(pairs):
            builder.add(paragraph)


def _pairs(text: str) -> list[tuple[str, str]]:
    """Give the pairs of neighbouring words, of one word itself; addresses, which HTML hides, are none.

    >>> _pairs("See the hive: https://bees.org/hive")
    [('see', 'the'), ('the', 'hive')]
    """
    words = _words(text)
    return list(pairwise(words)) or [(word, "") for word in words]


def _known(text: str) -> set[tuple[str, str]]:
    words = _words(text)
    return {*pairwise(words), *((word, "") for word in words)}


def _words(text: str) -> list[str]:
    return _WORD.findall(_ADDRESS.sub("", text).lower())


def _add_attachment(builder: TextBuilder, attachment: Attachment, *, level: int) -> None:
    content, name = attachment.content, attachment.name
    if isinstance(content, bytes):
        add_part(builder, content, name=name, label=_LABEL, level=level)
        return
    try:
        add_mail(builder, content, name=name, level=min(level, 6))
    except UnreadableDocumentError as error:
        add_unread(builder, name, label=_LABEL, reason=str(error))
