"""A table's cells come out in their columns, and its header, however many lines it has, as one row."""

from io import BytesIO

import pytest

pytest.importorskip("reportlab")
from reportlab.pdfgen.canvas import Canvas

from indexing.parse import parse_document
from rag.core.types import ParsedDocument

RIGHT = (300, 380, 460, 540)  # where the columns of numbers end
ROWS = (
    ("Net sales", "$ 4,127", "$ 4,310", "$ 12,806", "$ 13,377"),
    ("Cost of sales", "2,930", "3,011", "8,790", "9,120"),
    ("Gain from sale of a plant", "", "", "(120)", ""),
    ("Operating income", "$ 352", "$ 397", "$ 1,102", "$ 1,209"),
)


def report(*, with_unit: bool = False) -> ParsedDocument:
    """Print a statement with a header of three lines: periods stand above two columns each."""
    content = BytesIO()
    page = Canvas(content, pagesize=(612, 792))
    page.setFont("Helvetica", 10)
    page.drawString(50, 740, "Results of operations of the third quarter were as follows:")
    y = 700
    for middle, period in ((300, "Three Months Ended"), (460, "Nine Months Ended")):
        page.drawCentredString(middle, y, period)
        page.drawCentredString(middle, y - 12, "May 31,")
    for right, year in zip(RIGHT, ("2031", "2032", "2031", "2032"), strict=True):
        page.drawRightString(right, y - 24, year)
    y -= 24
    if with_unit:
        y -= 12
        page.drawCentredString(400, y, "(in thousands)")
    for label, *amounts in ROWS:
        y -= 14
        page.drawString(50, y, label)
        for right, amount in zip(RIGHT, amounts, strict=True):
            page.drawRightString(right, y, amount)
    page.save()
    return parse_document(content.getvalue(), name="report.pdf")


def lines(document: ParsedDocument) -> list[list[str]]:
    """Give the table's rows as cells."""
    return [line.split(" | ") for line in document.text.split("\n") if "|" in line]


def test_a_header_of_three_lines_becomes_one_row() -> None:
    assert lines(report())[0] == [
        "",
        "Three Months Ended May 31, 2031",
        "Three Months Ended May 31, 2032",
        "Nine Months Ended May 31, 2031",
        "Nine Months Ended May 31, 2032",
    ]


def test_the_unit_stands_with_the_labels() -> None:
    assert lines(report(with_unit=True))[0][0] == "(in thousands)"


def test_a_row_that_skips_columns_keeps_its_cell_in_place() -> None:
    assert ["Gain from sale of a plant", "", "", "(120)"] in lines(report())


def test_words_of_a_header_above_two_columns_have_one_place_on_the_page() -> None:
    document = report()
    first = document.text.index("Three Months")
    second = document.text.index("Three Months", first + 1)
    boxes = [document.layout.boxes_in(start, start + 5) for start in (first, second)]
    assert boxes[0] == boxes[1] != ()
