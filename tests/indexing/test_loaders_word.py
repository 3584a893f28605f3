"""What Word shows besides plain text: formulas, numbers, and tracked changes as they are accepted."""

import io

import docx
import pytest
from docx.oxml import parse_xml

from indexing.parse import parse_document

NAMES = " ".join(
    f'xmlns:{prefix}="http://schemas.openxmlformats.org/{uri}/2006/{part}"'
    for prefix, uri, part in (("w", "wordprocessingml", "main"), ("m", "officeDocument", "math"))
)


def _text(*paragraphs: str, lists: str = "") -> str:
    """Give the text of a document of such paragraphs or rows, and of such lists besides the template's."""
    document = docx.Document()
    numbering = document.part.numbering_part.element
    for each in parse_xml(f"<w:numbering {NAMES}>{lists}</w:numbering>"):
        numbering.append(each)
    for paragraph in paragraphs:
        tag = "w:tbl" if paragraph.startswith("<w:tr>") else "w:p"
        document.element.body.insert(-1, parse_xml(f"<{tag} {NAMES}>{paragraph}</{tag}>"))
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


LEVELS = "".join(
    f'<w:lvl w:ilvl="{level}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{more}'
    f'<w:lvlText w:val="{text}"/></w:lvl>'
    for level, (start, form, text, more) in enumerate(
        (
            (4, "upperRoman", "%1.", ""),
            (1, "lowerLetter", "(%2)", ""),
            (1, "decimal", "%1.%3", "<w:isLgl/>"),
            (1, "bullet", "-", ""),
            (1, "decimal", "%5.", ""),
            (1, "decimal", "%6)", '<w:lvlRestart w:val="0"/>'),
        )
    )
)
LISTS = (
    f'<w:abstractNum w:abstractNumId="77">{LEVELS}</w:abstractNum>'
    '<w:num w:numId="77"><w:abstractNumId w:val="77"/></w:num>'
    '<w:num w:numId="78"><w:abstractNumId w:val="77"/></w:num>'
    '<w:num w:numId="79"><w:abstractNumId w:val="77"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="8"/></w:lvlOverride></w:num>'
)


def _item(text: str, level: int = 0, *, of: int = 77, more: str = "") -> str:
    place = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{of}"/></w:numPr>'
    return f"<w:pPr>{place}{more}</w:pPr>{_run(text) if text else ''}"


def test_an_item_has_the_number_that_word_shows() -> None:
    items = (
        _item("Term"),
        _item("one", 1),
        _item("two", 1),
        _item("deep", 2),
        _item("Next"),
        _item("x", 1),
    )
    assert _text(*items, lists=LISTS).split("\n") == [
        "IV. Term", "  (a) one", "  (b) two", "    4.1 deep", "V. Next", "  (a) x"
    ]  # fmt: skip


def test_an_item_starts_anew_below_a_bullet_unless_its_level_never_does() -> None:
    items = [_item("x", level) for level in (3, 4, 4, 5, 3, 4, 5)]
    marks = [line.split()[0] for line in _text(*items, lists=LISTS).split("\n")]
    assert marks == ["-", "1.", "2.", "1)", "-", "1.", "2)"]


def test_lists_of_one_definition_go_on_counting_unless_one_starts_anew() -> None:
    items = [_item("a"), _item("b", of=78), _item("c", of=79), _item("d", of=79), _item("e")]
    assert _text(*items, lists=LISTS) == "IV. a\nV. b\nVIII. c\nIX. d\nX. e"


def test_a_heading_has_its_number() -> None:
    heading = _item("Fees", more='<w:outlineLvl w:val="0"/>')
    assert _text(heading, _run("Text."), lists=LISTS) == "IV. Fees\n\nText."


def test_items_in_the_cells_of_a_table_count() -> None:
    rows = "".join(f"<w:tr><w:tc><w:p>{_item(text)}</w:p></w:tc></w:tr>" for text in "bc")
    assert _text(_item("a"), rows, _item("d"), lists=LISTS) == "IV. a\n\nV. b\nVI. c\n\nVII. d"


def test_an_item_that_was_deleted_does_not_count() -> None:
    deleted = _item("", more="<w:rPr><w:del/></w:rPr>")
    assert _text(_item("a"), deleted, _item("b"), lists=LISTS) == "IV. a\n\nV. b"
