"""What Word shows besides plain text: formulas, and tracked changes as they are accepted."""

import io

import docx
import pytest
from docx.oxml import parse_xml

from indexing.parse import parse_document

NAMES = " ".join(
    f'xmlns:{prefix}="http://schemas.openxmlformats.org/{uri}/2006/{part}"'
    for prefix, uri, part in (("w", "wordprocessingml", "main"), ("m", "officeDocument", "math"))
)


def _text(*paragraphs: str) -> str:
    """Give the text of a document of such paragraphs."""
    document = docx.Document()
    for paragraph in paragraphs:
        document.element.body.insert(-1, parse_xml(f"<w:p {NAMES}>{paragraph}</w:p>"))
    target = io.BytesIO()
    document.save(target)
    return parse_document(target.getvalue(), name="a.docx").text


def _run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def _m(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"{_m('E=m')}<m:sSup><m:e>{_m('c')}</m:e><m:sup>{_m('2')}</m:sup></m:sSup>", "E=mc²"),
        (f"<m:f><m:num>{_m('a+b')}</m:num><m:den>{_m('2')}</m:den></m:f>", "(a+b)/2"),
        (f"{_m('f')}<m:d><m:e>{_m('x')}</m:e></m:d>", "f(x)"),
        (f'<m:d><m:dPr><m:begChr m:val="["/></m:dPr><m:e>{_m("0,1")}</m:e></m:d>', "[0,1)"),
        (f"<m:rad><m:deg/><m:e>{_m('x')}</m:e></m:rad>", "√(x)"),
        (f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:e>{_m("x")}</m:e></m:nary>', "∑x"),
    ],
)
def test_a_formula_is_written_in_a_line(written: str, shown: str) -> None:
    sentence = _run("So ") + f"<m:oMath>{written}</m:oMath>" + _run(" holds.")
    alone = f"<m:oMathPara><m:oMath>{written}</m:oMath></m:oMathPara>"
    assert _text(sentence, alone) == f"So {shown} holds.\n\n{shown}"


def test_what_was_moved_stands_where_it_went() -> None:
    moved = _run("It moved.")
    assert _text(
        f"<w:moveFrom>{moved}</w:moveFrom>{_run('It stays.')}", f"<w:moveTo>{moved}</w:moveTo>"
    ) == ("It stays.\n\nIt moved.")


def test_of_what_was_deleted_nothing_is_left() -> None:
    deleted = "<w:del><w:r><w:delText>old</w:delText><w:tab/><w:br/></w:r></w:del>"
    assert _text(_run("The ") + deleted + _run("end.")) == "The end."
