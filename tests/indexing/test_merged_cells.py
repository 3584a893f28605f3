"""A label that stands beside several rows is said in each of them, in every format that merges cells."""

import io
from collections.abc import Callable

import docx
import pptx
import pytest
from _office_files import odf_bytes, row_xml, xlsx_bytes
from pptx.util import Inches

from indexing.parse import parse_document

ROWS = [["Region", "Quarter", "Sales"], ["North", "Q1", "10"], ["", "Q2", "20"], ["South", "Q1", "30"]]
SHOWN = "Region | Quarter | Sales\nNorth | Q1 | 10\nNorth | Q2 | 20\nSouth | Q1 | 30"
LONG = "a remark that is no label " * 4


def html(label: str) -> bytes:
    return (
        "<table><tr><th>Region<th>Quarter<th>Sales<tr><td rowspan=2>"
        f"{label}<td>Q1<td>10<tr><td>Q2<td>20<tr><td>South<td>Q1<td>30</table>"
    ).encode()


def word(label: str) -> bytes:
    document = docx.Document()
    table = document.add_table(len(ROWS), 3)
    for row, texts in enumerate(ROWS):
        for column, text in enumerate(texts):
            table.cell(row, column).text = label if text == "North" else text
    table.cell(1, 0).merge(table.cell(2, 0))
    return saved(document.save)


def slides(label: str) -> bytes:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    table = slide.shapes.add_table(len(ROWS), 3, Inches(1), Inches(1), Inches(4), Inches(1)).table
    for row, texts in enumerate(ROWS):
        for column, text in enumerate(texts):
            table.cell(row, column).text = label if text == "North" else text
    table.cell(1, 0).merge(table.cell(2, 0))
    return saved(show.save)


def workbook(label: str) -> bytes:
    rows = "".join(
        row_xml(*(f'<c t="str"><v>{label if text == "North" else text}</v></c>' for text in texts))
        for texts in ROWS
    )
    merged = '</sheetData><mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells><sheetData>'
    return xlsx_bytes({"Sales": rows + merged})


def open_text(label: str) -> bytes:
    return odf_bytes(f"<office:text>{open_table(label)}</office:text>")


def open_sheet(label: str) -> bytes:
    return odf_bytes(f"<office:spreadsheet>{open_table(label)}</office:spreadsheet>")


def open_table(label: str) -> str:
    def cell(text: str) -> str:
        if text == "":
            return "<table:covered-table-cell/>"
        rows = ' table:number-rows-spanned="2"' if text == "North" else ""
        text = label if text == "North" else text
        return f"<table:table-cell{rows}><text:p>{text}</text:p></table:table-cell>"

    rows = (f"<table:table-row>{''.join(map(cell, texts))}</table:table-row>" for texts in ROWS)
    return f'<table:table table:name="Sales">{"".join(rows)}</table:table>'


def saved(save: Callable[[io.BytesIO], None]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


FORMATS = {
    "a.html": html, "a.docx": word, "a.pptx": slides,
    "a.xlsx": workbook, "a.odt": open_text, "a.ods": open_sheet,
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_a_label_is_said_in_each_of_its_rows(name: str) -> None:
    assert parse_document(FORMATS[name]("North"), name=name).text.endswith(SHOWN)


@pytest.mark.parametrize("name", FORMATS)
def test_a_long_text_is_said_once(name: str) -> None:
    text = parse_document(FORMATS[name](LONG), name=name).text
    assert text.count(LONG.strip()) == 1
    assert "\n | Q2 | 20" in text


def test_a_row_without_text_of_its_own_is_left_out() -> None:
    rows = "<tr><td rowspan=3>North<td>Q1<td>10<tr><td><td><tr><td>Q3<td>30"
    text = parse_document(f"<table>{rows}</table>".encode(), name="a.html").text
    assert text == "North | Q1 | 10\nNorth | Q3 | 30"
