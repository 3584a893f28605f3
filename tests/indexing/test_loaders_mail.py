import random
import time
from contextlib import suppress
from pathlib import Path

import pytest
from _mail_files import Parts, compound_bytes, eml_bytes, msg_bytes, msg_parts, packed

from indexing.loaders.eml import Eml
from indexing.loaders.msg import Msg
from indexing.parse import parse_document
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument

HEADER = b"From: ann@bees.org\nSubject: Bees\n"


def _blocks(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def _eml(content: bytes) -> ParsedDocument:
    return Eml().load(content, name="a.eml")


def _nested(depth: int) -> bytes:
    """Write messages, each attached to the one before it."""
    mail = b"Subject: Last\n\nThe innermost text.\n"
    for number in range(depth):
        head = f"Subject: Mail {number}\nContent-Type: multipart/mixed; boundary=b{number}\n\n--b{number}\n"
        mail = head.encode() + b"Content-Type: message/rfc822\n\n" + mail + f"\n--b{number}--\n".encode()
    return mail


def test_a_message_has_its_fields_its_richest_body_and_what_is_attached() -> None:
    document = _eml(
        eml_bytes(
            ("tools.md", b"# Tools\n\nA veil."),
            ("hive.mp3", b"\x89PNG"),
            forwarded=b"They come in May.",
        )
    )
    assert _blocks(document) == [
        ("heading", 1, "Keeping bees"),
        ("table", 0, "From: Ann Eir <ann@bees.org>\nTo: Bo <bo@bees.org>, Cy <cy@bees.org>\n"
                     "Date: 2020-01-31 10:00+00:00"),
        ("paragraph", 0, "You need little."),
        ("list", 0, "- A smoker"),
        ("table", 0, "Tool | Price\nVeil | 12"),
        ("heading", 2, "Attachment: tools.md"),
        ("heading", 3, "# Tools"),
        ("paragraph", 0, "A veil."),
        ("paragraph", 0, "Attachment not read: hive.mp3 (no loader takes .mp3)"),
        ("heading", 2, "Swarms"),
        ("table", 0, "From: Cy <cy@bees.org>"),
        ("paragraph", 0, "They come in May."),
    ]  # fmt: skip
    assert document.title == "Keeping bees"
    assert document.metadata == {
        "author": "Ann Eir <ann@bees.org>",
        "created": "2020-01-31",
        "to": ("bo@bees.org", "cy@bees.org"),
        "attachments": ("tools.md", "hive.mp3", "Swarms"),
    }


def test_a_message_of_outlook_has_the_same() -> None:
    document = Msg().load(msg_bytes(), name="a.msg")
    fields = "From: Анна <ann@bees.org>\nTo: Bo <bo@bees.org>\nDate: 2020-01-31 10:00+00:00"
    assert _blocks(document) == [
        ("heading", 1, "Keeping bees"),
        ("table", 0, fields),
        ("paragraph", 0, "You need little."),
        ("paragraph", 0, "A smoker."),
        ("heading", 2, "Attachment: tools.csv"),
        ("table", 0, "Tool | Price\nVeil | 12"),
        ("heading", 2, "Swarms"),
        ("table", 0, fields),
        ("paragraph", 0, "They come in May."),
    ]
    assert document.metadata["attachments"] == ("tools.csv", "Swarms")


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"__substg1.0_10130102": "<p>Grüße aus <b>Köln</b></p>".encode()}, "Grüße aus Köln"),
        ({"__substg1.0_1013001E": "<p>Привет</p>".encode("cp1251")}, "Привет"),
        ({"__substg1.0_1000001F": b"", "__substg1.0_10090102": bytes.fromhex(
            # The example of [MS-OXRTFCP], section 4.1.
            "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b0"
            "6c647d0a800fa0")}, "hello world"),
    ],
)  # fmt: skip
def test_a_body_of_outlook_is_html_or_rtf_too(parts: dict[str, bytes], text: str) -> None:
    assert text in Msg().load(msg_bytes(**parts), name="a.msg").text


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"=?utf-8?q?caf=C3=A9_?= =?utf-8?b?8J+QnQ==?=", "café 🐝"),
        (b"=?gb2312?B?xOO6ww==?= two", "你好 two"),
        ("Größe".encode(), "Größe"),
        ("Größe und Maß für Männer".encode("cp1252"), "Größe und Maß für Männer"),
        (b"long\n  folded", "long folded"),
        (b"=?nonsense?q?bees?=", "bees"),
        (b"=?utf-8?b?a?=", "=?utf-8?b?a?="),
    ],
)
def test_a_header_is_decoded_however_it_is_written(header: bytes, subject: str) -> None:
    assert _eml(b"Subject: " + header + b"\nFrom: a@b.c\n\nText.").title == subject


def test_a_mark_of_utf_8_before_the_headers_is_no_header() -> None:
    assert _eml(b"\xef\xbb\xbf" + HEADER + b"\nText.").title == "Bees"


@pytest.mark.parametrize(
    "name", ["=?utf-8?q?Schmidt=2C_Eva?=", '"=?utf-8?q?Schmidt=2C_Eva?="', '"Schmidt, Eva"']
)
def test_a_comma_in_a_name_parts_no_addresses(name: str) -> None:
    document = _eml(f"To: {name} <eva@bees.org>, Bo <bo@bees.org>\n\nText.".encode())
    assert document.metadata["to"] == ("eva@bees.org", "bo@bees.org")
    assert 'To: "Schmidt, Eva" <eva@bees.org>, Bo <bo@bees.org>' in document.text


def test_a_comma_in_a_name_of_outlook_parts_no_addresses() -> None:
    person = {"__properties_version1.0": bytes(8)}
    person["__substg1.0_3001001F"] = "Schmidt, Eva".encode("utf-16-le")
    person["__substg1.0_39FE001F"] = "eva@bees.org".encode("utf-16-le")
    document = Msg().load(msg_bytes(**{"__recip_version1.0_#00000000": person}), name="a.msg")
    assert document.metadata["to"] == ("eva@bees.org",)


@pytest.mark.parametrize(
    ("fields", "body", "text"),
    [
        (b"Content-Type: text/plain; charset=koi8-r", "Привет, мир".encode("koi8-r"), "Привет, мир"),
        (b"Content-Type: text/plain; charset=nonsense", "Grüße".encode(), "Grüße"),
        (b"Content-Transfer-Encoding: base64", b"SGVsbG8gYmVlcw==", "Hello bees"),
        (b"Content-Transfer-Encoding: quoted-printable", b"a=\nb=C3=A9", "abé"),
        (b"Content-Type: text/plain; format=flowed", b"one \ntwo\n-- \nAnn", "one two\n-- \nAnn"),
        (b"Content-Type: text/html", b"<p>one</p><footer>two</footer>", "one\n\ntwo"),
        (b"Content-Type: text/html", "<meta charset=cp1251><p>мама</p>".encode("cp1251"), "мама"),
        (b"Content-Type: multipart/mixed; boundary=x", b"--x\n\nnever closed", "never closed"),
        (b"Content-Type: multipart/mixed", b"no boundary", "no boundary"),
    ],
)
def test_a_body_is_decoded_however_it_is_sent(fields: bytes, body: bytes, text: str) -> None:
    assert _eml(HEADER + fields + b"\n\n" + body).text.endswith(text)


def test_html_that_only_places_text_is_no_table() -> None:
    body = b"<table><tr><td></td><td>Hi Bo,</td></tr><tr><td></td><td><p>See you.</p></td></tr></table>"
    document = _eml(HEADER + b"Content-Type: text/html\n\n" + body)
    assert [text for kind, _, text in _blocks(document) if kind == "paragraph"] == ["Hi Bo,", "See you."]


def test_the_plain_form_is_read_when_html_says_nothing() -> None:
    form = b"--x\nContent-Type: text/%b\n\n%b\n"
    content = HEADER + b"Content-Type: multipart/alternative; boundary=x\n\n"
    content += form % (b"plain", b"words") + form % (b"html", b"") + b"--x--\n"
    assert _eml(content).text.endswith("words")


def test_what_only_the_plain_form_says_is_read_too() -> None:
    form = b"--x\nContent-Type: text/%b\n\n%b\n"
    content = HEADER + b"Content-Type: multipart/alternative; boundary=x\n\n"
    content += form % (b"plain", b"Look at the hive: https://bees.org/1\n\nSee you in May.\n\nAnn")
    content += (
        form % (b"html", b"<p>Look at <b>the</b> <a href='https://bees.org/1'>hive</a></p>") + b"--x--\n"
    )
    assert _eml(content).text.endswith("Look at the hive\n\nSee you in May.")


def test_what_an_earlier_part_says_does_not_hide_what_only_the_plain_form_says() -> None:
    forms = b"--y\nContent-Type: text/plain\n\nSee you in May.\n"
    forms += b"--y\nContent-Type: text/html\n\n<p>Hi</p>\n--y--\n"
    content = HEADER + b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nSee you in May.\n--x\n"
    content += b"Content-Type: multipart/alternative; boundary=y\n\n" + forms + b"--x--\n"
    assert _eml(content).text.endswith("See you in May.\n\nHi\n\nSee you in May.")


def test_an_attachment_that_cannot_be_read_is_named_with_the_reason() -> None:
    text = _eml(eml_bytes(("broken.pdf", b"no PDF"), ("empty.txt", b""))).text
    assert "Attachment not read: broken.pdf ('broken.pdf': named .pdf but it is no PDF" in text
    assert "Attachment not read: empty.txt ('empty.txt': the file is empty" in text


def test_an_attached_archive_is_read_with_what_is_in_it() -> None:
    inner = eml_bytes(("deep.txt", b"deep words"), subject="Inside")
    text = _eml(eml_bytes(("a.zip", packed({"mail.eml": inner, "x.bin": b"?"})))).text
    assert "Attachment: a.zip\n\nFile: mail.eml\n\nInside" in text
    assert "Attachment: deep.txt\n\ndeep words" in text


@pytest.mark.parametrize("depth", [3, 20, 5_000])
def test_messages_inside_messages_end_somewhere(depth: int) -> None:
    started = time.monotonic()
    with suppress(UnreadableDocumentError):
        text = _eml(_nested(depth)).text
        assert ("The innermost text." in text) == (depth == 3)
        assert ("nest more than 5 deep" in text) == (depth > 3)
    assert time.monotonic() - started < 20


def test_archives_and_messages_inside_each_other_end_somewhere() -> None:
    content = b"The innermost text."
    name = "last.txt"
    for number in range(12):
        content, name = packed({name: eml_bytes((name, content))} | {name: content}), f"{number}.zip"
    text = parse_document(content, name=name).text
    assert "nest more than 5 deep" in text


@pytest.mark.parametrize("content", [b"no message at all", b"\n\njust text", b"{}", b"\xff\xfe\xfa" * 99])
def test_what_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match=r"a\.eml"):
        parse_document(content, name="a.eml")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (msg_bytes()[:700], "broken or cut short"),
        (msg_bytes()[:8], "broken or cut short"),
        (compound_bytes({"Workbook": b"..."}), "is no Outlook message"),
        (b"From: ann@bees.org\n\ntext", "named .msg but it is no Outlook message"),
    ],
)
def test_what_is_no_message_of_outlook_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        parse_document(content, name="a.msg")


def test_a_message_of_outlook_inside_itself_many_times_ends_somewhere() -> None:
    parts: Parts = msg_parts("Last", "The innermost text.", is_inner=True)
    for number in range(12):
        attached: Parts = {"__properties_version1.0": bytes(8), "__substg1.0_3701000D": parts}
        outer = msg_parts(f"Mail {number}", "x", is_inner=True)
        parts = {**outer, "__attach_version1.0_#00000000": attached}
    text = Msg().load(compound_bytes(parts), name="a.msg").text
    assert "nest more than 5 deep" in text or "inside more than 5 messages" in text


@pytest.mark.parametrize("name", ["a.eml", "a.msg"])
def test_damage_anywhere_is_a_text_or_a_clear_error(name: str) -> None:
    whole = eml_bytes(("t.md", b"# T")) if name == "a.eml" else msg_bytes()
    chance = random.Random(7)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 30)):
            damaged[chance.randrange(len(whole))] = chance.randrange(256)
        with suppress(UnreadableDocumentError):
            parse_document(bytes(damaged[: chance.randint(1, len(whole))]), name=name)


@pytest.mark.data
def test_real_messages_read_as_their_senders_wrote_them(shared_data: Path) -> None:
    files = shared_data / "docs_formats" / "files"
    chinese = parse_document((files / "tika__testMSG_chinese.msg").read_bytes(), name="a.msg")
    assert chinese.title == "Alfresco MSG format testing ( MSG 格式測試 )"
    assert "一、會議時間：2011 年 3 月 24 日下午 17:40 ~ 19:00" in chinese.text
    digest = parse_document((files / "unstructured__mime-multipart-digest.eml").read_bytes(), name="a.eml")
    assert digest.text.count("This is the ") == 3
