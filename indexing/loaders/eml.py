"""E-mail as it travels (MIME): headers, the richest form of the body, attachments, forwarded messages.

Knows the encodings of headers and parts. Of a body that is there in several forms HTML is read, and of the
plain one what HTML lacks.
"""

import mimetypes
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

from indexing.loaders._archive import reading
from indexing.loaders._html_tree import charset_of
from indexing.loaders._mail import Attachment, Body, Mail, mail_document, quoted
from indexing.loaders._nested import is_read
from indexing.loaders._text import decode, one_line
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument

__all__ = ["Eml"]

_Part: TypeAlias = "Message[Any, Any]"  # Any: what the parser makes of headers and bodies
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_SOFT_BREAK = re.compile(r"(?<=[^\n-]) \n(?=[^\n> ])|(?<=[^-]-) \n(?=[^\n> ])")
_HEADERS = ("bcc", "cc", "content-type", "date", "from", "message-id", "mime-version", "received",
            "return-path", "sender", "subject", "to")  # fmt: skip
_RECIPIENTS = ("To", "Cc", "Bcc")
_REPORTS = ("message/delivery-status", "message/disposition-notification", "text/rfc822-headers")
_BROKEN_KINDS = ("multipart/mixed", "multipart/alternative", "multipart/related")  # what was no such thing
_SUFFIXES = {"text/plain": ".txt", "text/html": ".html", "application/pdf": ".pdf", "text/csv": ".csv"}


class Eml:
    """Read .eml."""

    suffixes = (".eml",)

    def load(self, content: bytes, *, name: str) -> ParsedDocument:
        """Give subject, fields, body and the text of what is attached; what is not read is named.

        Raises:
            UnreadableDocumentError: no message, nested too deep, or holding far too much.
        """
        with reading(name, kind="an e-mail", program="a mail program"):
            message = BytesParser(policy=compat32).parsebytes(content.removeprefix(BOM_UTF8))
            if not any(message.get(field) for field in _HEADERS):
                raise UnreadableDocumentError(
                    f"{name!r} is no e-mail: it begins with none of a message's headers, such as From or"
                    " Subject; export the message anew as .eml"
                )
            return mail_document(_mail(message), name=name)


def _mail(message: _Part) -> Mail:
    bodies: list[Body] = []
    attachments: list[Attachment] = []
    _take_apart(message, bodies, attachments)
    return Mail(
        subject=_header(message, "Subject"),
        sender=_header(message, "From"),
        recipients=[(field, one_line(_people(_raw(message, field)))) for field in _RECIPIENTS],
        sent=_date(_header(message, "Date")),
        bodies=bodies,
        attachments=attachments,
    )


def _take_apart(part: _Part, bodies: list[Body], attachments: list[Attachment]) -> None:
    kind = part.get_content_type()
    payload: Any = part.get_payload()  # Any: parts, text, or what the parser made of neither
    name = one_line(_words(part.get_filename() or ""))
    if kind in _REPORTS:
        lines = payload if isinstance(payload, list) else [payload]
        bodies.append(Body("\n\n".join(str(line).strip() for line in lines)))
    elif kind == "message/rfc822" and isinstance(payload, list):
        for inner in payload:
            mail = _mail(inner)
            attachments.append(Attachment(name or mail.subject or "message without subject", mail))
    elif isinstance(payload, list):
        for child in _alternatives(payload) if kind == "multipart/alternative" else payload:
            _take_apart(child, bodies, attachments)
        if kind == "multipart/alternative":
            _take_plain(payload, bodies)
    elif (
        name
        or kind not in ("text/plain", "text/html", *_BROKEN_KINDS)
        or part.get_content_disposition() == "attachment"
    ):
        attachments.append(_attachment(part, kind, name))
    else:
        bodies.append(_body(part, kind))


def _alternatives(parts: list[_Part]) -> list[_Part]:
    """Give the form that is read, HTML before others, and what is no form of the text."""
    shown = [part for part in parts if _holds(part, "text/html")] or [
        part for part in parts if _holds(part, "text/plain")
    ]
    others = [part for part in parts if not (_holds(part, "text/html") or _holds(part, "text/plain"))]
    return [*shown[-1:], *others]


def _take_plain(parts: list[_Part], bodies: list[Body]) -> None:
    """Take the plain form of a text that was taken as HTML."""
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    if plain is not None and bodies and bodies[-1].is_html:
        bodies.append(replace(_body(plain, "text/plain"), is_repeated=True))


def _holds(part: _Part, kind: str) -> bool:
    return any(
        each.get_content_type() == kind and bool((_content(each) or b"").strip()) for each in part.walk()
    )


def _body(part: _Part, kind: str) -> Body:
    content, is_html = _content(part), kind == "text/html"
    declared = _charset(part) or (charset_of(content) if is_html else None)
    text = decode(content, name="the message's text", declared=declared) if content else ""
    flowed = str(part.get_param("format", "")).lower() == "flowed"
    return Body(_SOFT_BREAK.sub(" ", text) if flowed else text, is_html=is_html)


def _attachment(part: _Part, kind: str, name: str) -> Attachment:
    suffix = _SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ""
    if not name or (not is_read(name) and is_read(f"x{suffix}")):
        name = f"{name or 'part'}{suffix}"
    return Attachment(name, _content(part))


def _content(part: _Part) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _charset(part: _Part) -> str | None:
    charset = part.get_content_charset()
    return charset if charset and charset.isascii() else None


def _header(message: _Part, field: str) -> str:
    return one_line(_words(_raw(message, field)))


def _raw(message: _Part, field: str) -> str:
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == field.lower()), "")
    return _FOLD.sub("", raw)


def _words(raw: str) -> str:
    """Give a header's text: encoded words decoded, bytes that are no ASCII guessed.

    >>> _words("=?utf-8?q?caf=C3=A9?= au lait")
    'café au lait'
    """
    return "".join(text for text, _ in _pieces(raw))


def _people(raw: str) -> str:
    """Give a header's names and addresses; a comma that was encoded parts none.

    >>> _people("=?utf-8?q?Schmidt=2C_Eva?= <eva@bees.org>, Bo")
    '"Schmidt, Eva" <eva@bees.org>, Bo'
    """
    people = ""
    for text, is_encoded in _pieces(raw):
        people += quoted(text) if is_encoded and not people.endswith('"') else text
    return people


def _pieces(raw: str) -> Iterator[tuple[str, bool]]:
    """Give a header's text in pieces, each with whether it was in encoded words."""
    if not raw.isascii():
        yield _decoded(raw.encode("utf-8", "surrogateescape"), None), False
        return
    try:
        pieces = decode_header(raw)
    except (MessageError, ValueError):
        yield raw, False
        return
    for piece, charset in pieces:
        text = piece if isinstance(piece, str) else _decoded(piece, charset or "ascii")
        yield text, charset is not None


def _decoded(sent: bytes, charset: str | None) -> str:
    try:
        return sent.decode(charset) if charset else decode(sent, name="a header")
    except (LookupError, ValueError, UnreadableDocumentError):
        return sent.decode("utf-8", "replace")


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (IndexError, OverflowError, TypeError, ValueError):
        return None  # written in no form that the standard has
