import json
from io import BytesIO
from pathlib import Path

import pptx
import pytest
from _documents import SAMPLES
from _office_files import row_xml, xlsx_bytes
from docx import Document
from pptx.opc.package import Part
from pptx.opc.packuri import PackURI
from pptx.oxml import parse_xml

from indexing.loaders.csv import Csv
from indexing.loaders.ods import Ods
from indexing.loaders.odt import Odt
from indexing.loaders.pptx import Pptx
from indexing.loaders.rtf import Rtf
from indexing.loaders.xls import Xls
from indexing.loaders.xlsx import Xlsx
from indexing.parse import parse_document
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument
from rag.scoring.rows import column_names

DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
FORMULA = """<c:AlternateContent xmlns:c="http://schemas.openxmlformats.org/markup-compatibility/2006"
xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><c:Choice Requires="a14"><a14:m
xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main"><m:oMath><m:r><m:t>E=1</m:t></m:r>
</m:oMath></a14:m></c:Choice><c:Fallback/></c:AlternateContent>"""
SUFFIXES = (".csv", ".ods", ".odt", ".pptx", ".rtf", ".xlsx")


def _blocks(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def _pages(document: ParsedDocument) -> list[str]:
    return [document.text[page.start : page.end] for page in document.layout.pages]


def _csv(text: str, *, encoding: str = "utf-8") -> str:
    return Csv().load(text.encode(encoding), name="a.csv").text


def test_csv_has_its_header_first_and_ends_tables_at_empty_rows() -> None:
    document = Csv().load(
        b"Prices,,\n,,\nTool,Price,Since\nVeil,12,2020\n\nCity,Bees\nBern,7\n", name="a.csv"
    )
    assert _blocks(document) == [
        ("paragraph", 0, "Prices"),
        ("table", 0, "Tool | Price | Since\nVeil | 12 | 2020"),
        ("table", 0, "City | Bees\nBern | 7"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_finds_its_delimiter(delimiter: str) -> None:
    rows = [["name", "price, net", "note"], ["Veil", '"1,5"', '"a\nb"'], ["Smoker", "2", "x;y,z"]]
    quoted = [
        [f'"{cell}"' if delimiter in cell and '"' not in cell else cell for cell in row] for row in rows
    ]
    text = _csv("\r\n".join(delimiter.join(row) for row in quoted))
    assert text == "name | price, net | note\nVeil | 1,5 | a b\nSmoker | 2 | x;y,z"


def test_csv_may_escape_quotation_marks_by_backslashes() -> None:
    assert (
        _csv('id,text,n\n1,plain,5\n2,"He said \\"hi\\", ok",6\n').split("\n")[2]
        == '2 | He said "hi", ok | 6'
    )
    assert (
        _csv('id,folder,n\n1,"C:\\a\\",5\n2,"C:\\b\\",6\n')
        == "id | folder | n\n1 | C:\\a\\ | 5\n2 | C:\\b\\ | 6"
    )


def test_csv_may_hold_a_long_text_in_a_cell() -> None:
    assert _csv(f'id,text\n1,"{"long " * 40_000}"\n2,b').endswith("long\n2 | b")


def test_csv_may_name_its_delimiter() -> None:
    assert _csv("sep=|\na,b|c,d\n") == "a,b | c,d"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("utf-8-sig", "größe,1"), ("utf-16", "größe,1"), ("utf-16-le", "greatness,1"),
     ("utf-16-be", "greatness,1"),
     ("cp1252", "größe für Männer,1\nMaß,2"), ("cp1251", "Однажды в студёную зимнюю пору,я из лесу вышел"),
     ("cp932", "日本語の表,これは見出しです")],
)  # fmt: skip
def test_csv_is_decoded_as_it_was_written(encoding: str, text: str) -> None:
    assert _csv(text, encoding=encoding) == text.replace(",", " | ")


def test_columns_that_no_row_fills_are_left_out() -> None:
    assert _csv(",,a,,b\n,,1,,\n,,,,2\n") == "a | b\n1\n | 2"


def test_a_workbook_has_sheets_as_pages() -> None:
    document = Xlsx().load(SAMPLES["xlsx"], name="bees.xlsx")
    assert document.title == "Bees"
    assert document.metadata == {"author": "Ann", "created": "2020-01-31", "pages": 2}
    assert _pages(document) == ["Prices\n\nTool | Price\nVeil | 12", ""]
    assert _blocks(document)[0] == ("heading", 1, "Prices")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('<c s="1"><v>43861</v></c>', "2020-01-31"),
        ('<c s="1"><v>1</v></c>', "1900-01-01"),
        ('<c s="2"><v>0.25</v></c>', "25%"),
        ('<c s="3"><v>-1234.56</v></c>', "-€ 1,234.6"),
        ('<c s="4"><v>1.25</v></c>', "30:00:00"),
        ("<c><v>0.30000000000000004</v></c>", "0.3"),
        ("<c><v>1E+20</v></c>", "100000000000000000000"),
        ("<c><v>12</v></c>", "12"),
        ('<c t="b"><v>1</v></c>', "TRUE"),
        ('<c t="e"><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c s="5"><v>1234</v></c>', "01234"),
        ('<c s="6"><v>123456789</v></c>', "123-45-6789"),
        ('<c s="7"><v>2065551234</v></c>', "(206) 555-1234"),
        ('<c s="7"><v>5551234</v></c>', "555-1234"),
        ('<c t="str"><f>A1</f><v>seen</v></c>', "seen"),
        ('<c t="inlineStr"><is><t>one_x000D_\ntwo</t></is></c>', "one two"),
        ('<c t="d"><v>2020-01-31T10:00</v></c>', "2020-01-31 10:00"),
        ('<c s="1"><v>1e300</v></c>', f"{1e300:.15g}"),
    ],
)
def test_a_cell_has_what_a_person_reads_in_it(cell: str, shown: str) -> None:
    document = Xlsx().load(xlsx_bytes({"A": row_xml(cell, '<c t="str"><v>x</v></c>')}), name="a.xlsx")
    assert document.text == f"A\n\n{shown} | x"


def test_an_old_workbook_is_read_as_a_new_one() -> None:
    document = Xls().load(SAMPLES["xls"], name="bees.xls")
    table = "Tool | Price | Since | Share\nVeil | 1,234.50 | 2020-01-31 | 25%"
    assert _pages(document) == [f"Prices\n\n{table}", "", "Größe\n\ngrößer | TRUE"]


def test_an_opendocument_sheet_has_the_text_that_was_shown() -> None:
    document = Ods().load(SAMPLES["ods"], name="bees.ods")
    assert _pages(document) == ["Prices\n\nTool | Price\nVeil | 12 €\n\n7 | 7\n7 | 7", ""]


def test_a_presentation_has_slides_as_pages() -> None:
    document = Pptx().load(SAMPLES["pptx"], name="bees.pptx")
    assert document.title == "Keeping bees"
    assert _blocks(document) == [
        ("heading", 1, "Keeping bees"),
        ("paragraph", 0, "A talk"),
        ("heading", 2, "Tools"),
        ("list", 0, "- A smoker\n  - black\n- A veil"),
        ("paragraph", 0, "left"),
        ("paragraph", 0, "right"),
        ("table", 0, "Tool | Price\nVeil | 12"),
        ("paragraph", 0, "Notes: Light it first."),
    ]
    assert [
        page.startswith(start) for page, start in zip(_pages(document), ("Keep", "", "Tools"), strict=True)
    ]
    assert document.metadata["pages"] == 3


def test_a_slide_has_its_formulas_and_what_its_smartart_says() -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    frame = slide.shapes.add_textbox(0, 0, 99, 99).text_frame
    frame.text = "Energy: "
    frame.paragraphs[0]._p.append(parse_xml(FORMULA))
    points = "".join(f"<d:pt><d:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d:t></d:pt>" for text in "AB")
    data = f'<d:m xmlns:d="{DRAWING}/diagram" xmlns:a="{DRAWING}/main">{points}<d:pt><d:t/></d:pt></d:m>'
    part = Part(PackURI("/ppt/d.xml"), "application/xml", slide.part.package, data.encode())
    slide.part.relate_to(part, f"{RELATION}/diagramData")
    content = BytesIO()
    show.save(content)
    assert parse_document(content.getvalue(), name="a.pptx").text == "Energy: E=1\n\n- A\n- B"


def test_an_opendocument_text_has_its_structure() -> None:
    document = Odt().load(SAMPLES["odt"], name="bees.odt")
    assert document.title == "Bees"
    assert document.metadata == {"author": "Ann", "created": "2020-01-31"}
    assert _blocks(document) == [
        ("heading", 1, "Keeping bees"),
        ("heading", 2, "Tools"),
        ("paragraph", 0, "You need\nlittle."),
        ("list", 0, "1. A smoker\n  - black\n2. A veil"),
        ("table", 0, "Tool | Price\nVeil | 12 EUR"),
        ("paragraph", 0, "The end."),
        ("paragraph", 0, "In a box"),
    ]


def test_rtf_has_its_structure_in_any_encoding() -> None:
    document = Rtf().load(SAMPLES["rtf"], name="bees.rtf")
    assert document.title == "Bees"
    assert document.metadata == {"author": "Ann"}
    assert _blocks(document) == [
        ("heading", 2, "Keeping bees"),
        ("paragraph", 0, "Příliš žluťoučký; Мы \U0001f601"),
        ("list", 0, "- A smoker\n1. A veil"),
        ("table", 0, "Tool | Price\nVeil | 12 EUR"),
        ("paragraph", 0, "The end."),
    ]


@pytest.mark.data
def test_every_real_file_gives_its_phrases_or_says_that_it_is_encrypted(shared_data: Path) -> None:
    folder = shared_data / "docs_formats"
    cases = [json.loads(line) for line in (folder / "expected.jsonl").read_text().splitlines()]
    cases = [case for case in cases if Path(case["file"]).suffix in SUFFIXES]
    assert len(cases) == 14
    for case in cases:
        content = (folder / "files" / case["file"]).read_bytes()
        if case["expect"] == "password":
            with pytest.raises(UnreadableDocumentError, match="encrypted"):
                parse_document(content, name=case["file"])
            continue
        document = parse_document(content, name=case["file"])
        words = " ".join(document.text.split())
        assert [phrase for phrase in case["must_contain"] if phrase not in words] == [], case["file"]
        pages = case.get("slides") or len(case.get("sheets", ()))
        assert len(document.layout.pages) == (pages or case["file"].endswith(".ods"))
        assert all(sheet in document.text for sheet in case.get("sheets", ()))


def test_cells_of_docx_stand_in_their_columns() -> None:
    document = Document()
    table = document.add_table(rows=3, cols=5)
    top = table.rows[0].cells
    top[1].merge(top[2]).text = "2031"
    top[3].merge(top[4]).text = "2032"
    for row, texts in ((1, ("Item", "Q1", "Q2", "Q1", "Q2")), (2, ("Sales", "5", "6", "7", "8"))):
        for cell, text in zip(table.rows[row].cells, texts, strict=True):
            cell.text = text
    content = BytesIO()
    document.save(content)
    lines = parse_document(content.getvalue(), name="sales.docx").text.split("\n")
    assert column_names(lines[:2]) == ["Item", "2031 Q1", "2031 Q2", "2032 Q1", "2032 Q2"]
