"""Outlook's messages: the same as e-mail in MIME, from the properties of a compound file.

Knows where [MS-OXMSG] keeps subject, people, dates, bodies and attachments.
"""

import io
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import olefile

from indexing.loaders._archive import reading
from indexing.loaders._lzfu import decompressed
from indexing.loaders._mail import Attachment, Body, Mail, mail_document, quoted
from indexing.loaders._msg_properties import Properties
from indexing.loaders._nested import MAX_DEPTH
from indexing.loaders._text import clean
from indexing.parse import parse_document
from rag.core.errors import RagError, UnreadableDocumentError
from rag.core.types import ParsedDocument

__all__ = ["Msg"]

_SUBJECT, _BODY, _RTF, _HTML = 0x0037, 0x1000, 0x1009, 0x1013
_SENDER, _SENDER_ADDRESS, _SENDER_SMTP = (0x0042, 0x0C1A), (0x0065, 0x0C1F), (0x5D02, 0x5D01)
_SENT = (0x0039, 0x0E06)
_NAME, _ADDRESS, _SMTP, _ROLE = 0x3001, 0x3003, 0x39FE, 0x0C15
_ROLES = {1: "To", 2: "Cc", 3: "Bcc"}
_SHOWN = {"To": 0x0E04, "Cc": 0x0E03, "Bcc": 0x0E02}
_FILE_NAMES = (0x3707, 0x3704, _NAME)
_CONTENT = 0x3701
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class Msg:
    """Read Outlook's .msg."""

    suffixes = (".msg",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give subject, fields, body and the text of what is attached; what is not read is named.

        Raises:
            UnreadableDocumentError: no message, broken, or holding far too much.
        """
        with reading(name, kind="an Outlook message", program="Outlook"):
            try:
                with olefile.OleFileIO(io.BytesIO(content)) as file:
                    properties = Properties.of_file(file)
                    if not properties.is_message:
                        raise UnreadableDocumentError(
                            f"{name!r} is no Outlook message: a compound file without a message's"
                            " properties; give it the suffix of what it is"
                        )
                    mail = _mail(properties, 0)
            except struct.error as error:
                raise ValueError(str(error)) from error
            return mail_document(mail, name=name)


def _mail(properties: Properties, depth: int) -> Mail:
    sender = properties.first_text(*_SENDER)
    address = properties.first_text(*_SENDER_SMTP, *_SENDER_ADDRESS)
    return Mail(
        subject=properties.text(_SUBJECT),
        sender=_person(sender, address),
        recipients=_recipients(properties),
        sent=_date(next(filter(None, map(properties.number, _SENT)), 0)),
        bodies=_bodies(properties),
        attachments=list(_attachments(properties, depth)),
    )


def _recipients(properties: Properties) -> list[tuple[str, str]]:
    people: dict[str, list[str]] = {field: [] for field in _SHOWN}
    for each in properties.inside("__recip_version1.0_#"):
        field = _ROLES.get(each.number(_ROLE), "To")
        people[field].append(_person(quoted(each.text(_NAME)), each.first_text(_SMTP, _ADDRESS)))
    return [
        (field, ", ".join(filter(None, people[field])) or properties.text(shown))
        for field, shown in _SHOWN.items()
    ]


def _person(name: str, address: str) -> str:
    """Give `Name <address>`; addresses inside Exchange, which begin with a slash, are left out.

    >>> _person("Ann", "ann@bees.org"), _person("Ann", "/o=Bees/cn=Ann"), _person("", "ann@bees.org")
    ('Ann <ann@bees.org>', 'Ann', 'ann@bees.org')
    """
    is_known = "@" in address and address.strip("'") != name.strip("'")
    return f"{name} <{address}>".strip() if is_known and name else name or address


def _bodies(properties: Properties) -> list[Body]:
    html = properties.markup(_HTML)
    if html.strip():
        return [Body(html, is_html=True), Body(properties.text(_BODY), is_repeated=True)]
    plain = properties.text(_BODY)
    if plain.strip():
        return [Body(plain)]
    rich = properties.content(_RTF)
    if not rich:
        return []
    try:
        return [Body(parse_document(decompressed(rich), name="body.rtf").text)]
    except RagError as error:
        return [Body(f"The message's text was not read ({error})")]


def _attachments(properties: Properties, depth: int) -> Iterator[Attachment]:
    for each in properties.inside("__attach_version1.0_#"):
        name = clean(each.first_text(*_FILE_NAMES))
        inner = each.message(_CONTENT)
        if inner is None:
            yield Attachment(name or "attachment without name", each.content(_CONTENT))
        elif depth > MAX_DEPTH:
            yield Attachment(f"{name}, inside more than {MAX_DEPTH} messages", b"")
        else:
            mail = _mail(inner, depth + 1)
            yield Attachment(name or mail.subject or "message without subject", mail)


def _date(ticks: int) -> datetime | None:
    """Give the time of so many tenths of microseconds since 1601; nothing for times that are none."""
    try:
        return _EPOCH + timedelta(microseconds=ticks // 10) if ticks > 0 else None
    except OverflowError:
        return None
