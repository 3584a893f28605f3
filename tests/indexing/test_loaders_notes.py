"""Foot- and endnotes, marked where the text names them; superscripts, which change what a number says."""

import io

import docx
import pytest
from _office_files import odf_bytes
from docx.opc.constants import CONTENT_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part

from indexing.parse import parse_document

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
EXPECTED = [
    ("paragraph", "The fee is 40 euros[1] a year[2]."),
    ("paragraph", "[1] Free below the age of 18."),
    ("paragraph", "[2] From March to February."),
    ("list", "- Bring a pass[3]\n- Bring shoes"),
    ("paragraph", "[3] Not a copy of it."),
    ("paragraph", "That is all."),
]


def docx_bytes() -> bytes:
    document = docx.Document()
    fee = document.add_paragraph("The fee is 40 euros")
    _refer(fee, "footnote", "2")
    fee.add_run(" a year")
    _refer(fee, "endnote", "2")
    fee.add_run(".")
    _refer(document.add_paragraph("Bring a pass", style="List Bullet"), "footnote", "3")
    document.add_paragraph("Bring shoes", style="List Bullet")
    document.add_paragraph("That is all.")
    _add_notes(document, "footnote", {"2": "Free below the age of 18.", "3": "Not a copy of it."})
    _add_notes(document, "endnote", {"2": "From March to February."})
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def _refer(paragraph: docx.text.paragraph.Paragraph, kind: str, number: str) -> None:
    run = paragraph.add_run()._r
    run.append(run.makeelement(f"{{{W}}}{kind}Reference", {f"{{{W}}}id": number}))


def _add_notes(document: docx.document.Document, kind: str, notes: dict[str, str]) -> None:
    separator = f'<w:{kind} w:type="separator" w:id="0"><w:p><w:r><w:separator/></w:r></w:p></w:{kind}>'
    written = "".join(
        f'<w:{kind} w:id="{number}"><w:p><w:r><w:{kind}Ref/></w:r>'
        f"<w:r><w:t>{text}</w:t></w:r></w:p></w:{kind}>"
        for number, text in notes.items()
    )
    xml = f'<w:{kind}s xmlns:w="{W}">{separator}{written}</w:{kind}s>'
    part = Part(
        PackURI(f"/word/{kind}s.xml"),
        getattr(CONTENT_TYPE, f"WML_{kind.upper()}S"),
        xml.encode(),
        document.part.package,
    )
    document.part.relate_to(part, f"{RELATION}{kind}s")


def odt_bytes() -> bytes:
    def note(mark: str, text: str) -> str:
        return (
            f"<text:note><text:note-citation>{mark}</text:note-citation>"
            f"<text:note-body><text:p>{text}</text:p></text:note-body></text:note>"
        )

    return odf_bytes(
        f"<office:text><text:p>The fee is 40 euros{note('1', 'Free below the age of 18.')} a year"
        f"{note('2', 'From March to February.')}.</text:p>"
        f"<text:list><text:list-item><text:p>Bring a pass{note('3', 'Not a copy of it.')}</text:p>"
        "</text:list-item><text:list-item><text:p>Bring shoes</text:p></text:list-item></text:list>"
        "<text:p>That is all.</text:p></office:text>"
    )


def rtf_bytes(start: str = "") -> bytes:
    def note(text: str) -> bytes:
        link = r"{\field{\*\fldinst HYPERLINK nowhere}{\fldrslt }}"
        return rf"{{\super\chftn}}{{{start}\footnote\pard {{\super\chftn}} {text}{link}}}".encode()

    return (
        rb"{\rtf1\ansi The fee is 40 euros"
        + note("Free below the age of 18.")
        + b" a year"
        + note("From March to February.")
        + rb".\par {\listtext\bullet\tab}Bring a pass"
        + note("Not a copy of it.")
        + rb"\par {\listtext\bullet\tab}Bring shoes\par That is all.\par}"
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.docx", docx_bytes()),
        ("a.odt", odt_bytes()),
        ("a.rtf", rtf_bytes()),
        ("a.rtf", rtf_bytes(r"\*")),
    ],
)
def test_a_note_follows_the_block_that_names_it(name: str, content: bytes) -> None:
    document = parse_document(content, name=name)
    assert [(block.kind, document.text[block.start : block.end]) for block in document.blocks] == EXPECTED


def test_a_reference_without_a_note_shows_nothing() -> None:
    document = docx.Document()
    _refer(document.add_paragraph("The fee is 40 euros"), "footnote", "9")
    target = io.BytesIO()
    document.save(target)
    assert parse_document(target.getvalue(), name="a.docx").text == "The fee is 40 euros"


def test_a_note_of_what_was_deleted_is_gone() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The fee")
    deleted = paragraph._p.makeelement(f"{{{W}}}del")
    _refer(paragraph, "footnote", "2")
    deleted.append(paragraph.runs[-1]._r)
    paragraph._p.append(deleted)
    paragraph.add_run(" is 40 euros")
    _refer(paragraph, "footnote", "3")
    _add_notes(document, "footnote", {"2": "Deleted.", "3": "Not a copy of it."})
    target = io.BytesIO()
    document.save(target)
    text = parse_document(target.getvalue(), name="a.docx").text
    assert text == "The fee is 40 euros[1]\n\n[1] Not a copy of it."


def test_a_superscript_stays_one() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("It has 10")
    paragraph.add_run("-6").font.superscript = True
    paragraph.add_run(" of the 4")
    paragraph.add_run("th").font.superscript = True
    target = io.BytesIO()
    document.save(target)
    html = b"<p>It has 10<sup>-6</sup> of the 4<sup>th</sup></p>"
    article = b"<article><body><p>It has 10<sup>-6</sup> of the 4<sup>th</sup></p></body></article>"
    for name, content in (("a.docx", target.getvalue()), ("a.html", html), ("a.xml", article)):
        assert parse_document(content, name=name).text.split() == "It has 10⁻⁶ of the 4th".split()
