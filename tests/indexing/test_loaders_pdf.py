import numpy as np
import pypdfium2
import pytest
from _documents import COLUMN_LINES, PAGE, edge_pdf, pdf_bytes, two_column_pdf

from indexing.loaders.pdf import Pdf
from rag.core.errors import UnreadableDocumentError
from rag.core.types import ParsedDocument


def _load(content: bytes) -> ParsedDocument:
    return Pdf().load(content, name="sample.pdf")


def _blocks(document: ParsedDocument) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def _darkness(content: bytes, document: ParsedDocument, *, scale: float = 4) -> tuple[list[float], float]:
    """Give the share of dark pixels inside each word's box, and how much ink lies outside all boxes."""
    shares = []
    outside = total = 0
    for page in document.layout.pages:
        pixels = (
            pypdfium2.PdfDocument(content)[page.page - 1].render(scale=scale, grayscale=True).to_numpy()
        )
        dark = np.asarray(pixels) < 128
        height, width = dark.shape
        covered = np.zeros_like(dark)
        for span in document.layout.boxes:
            if span.box.page != page.page:
                continue
            top, bottom = int(span.box.y0 * height), int(np.ceil(span.box.y1 * height))
            left, right = int(span.box.x0 * width), int(np.ceil(span.box.x1 * width))
            covered[top:bottom, left:right] = True
            shares.append(float(dark[top:bottom, left:right].mean()))
        outside += int((dark & ~covered).sum())
        total += int(dark.sum())
    return shares, outside / total


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_box_of_a_word_holds_its_ink(rotation: int) -> None:
    content = two_column_pdf(rotation=rotation)
    document = _load(content)
    shares, outside = _darkness(content, document)
    assert min(shares) > 0.05
    assert outside < 0.001


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_page_is_read_in_the_same_order_however_it_is_turned(rotation: int) -> None:
    # A page turned by 180 degrees shows its text upside down: what a reader sees who turns it back.
    assert _load(two_column_pdf(rotation=rotation)).text == _load(two_column_pdf()).text


def test_a_box_covers_a_word_where_it_was_drawn() -> None:
    document = _load(pdf_bytes([(100, 300, "alpha beta")], size=10))
    start = document.text.index("beta")
    (box,) = document.layout.boxes_in(start, start + 4)
    width, height = PAGE
    assert box.page == 1
    assert 100 / width < box.x0 < box.x1 < 160 / width
    assert box.y0 < (height - 303) / height < box.y1
    assert box.y1 - box.y0 < 15 / height


def test_a_character_of_two_halves_is_one_in_its_word() -> None:
    # PDFium counts the halves that a font's table of Unicode gives; it finds the objects by itself.
    table = b"1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <41> <D83DDE00> endbfchar"
    text = b"BT /F 20 Tf 20 100 Td (xAx y) Tj ET"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(table), table),
    )
    written = (b"%d 0 obj%b\nendobj\n" % (number, each) for number, each in enumerate(objects, start=1))
    content = b"%PDF-1.4\n" + b"".join(written) + b"trailer<</Size 7/Root 1 0 R>>\n"
    document = _load(content)
    assert document.text == "x\U0001f600x y"
    assert [document.text[each.start : each.end] for each in document.layout.boxes] == ["x\U0001f600x", "y"]
    shares, outside = _darkness(content, document)
    assert min(shares) > 0.05
    assert outside < 0.001


def test_columns_are_read_one_after_the_other() -> None:
    paragraphs = _load(two_column_pdf()).text.split("\n\n")
    assert paragraphs[0] == "A title that stands over both of the columns"
    assert " ".join(paragraphs[1:]) == " ".join(COLUMN_LINES)


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("shift", [0, 4])  # of each column against the one before
def test_several_columns_are_read_one_after_the_other(count: int, shift: float) -> None:
    columns = [
        [f"{10 * column + line} lines of this column go {'on ' * (1 + line % 2)}" for line in range(9)]
        for column in range(count)
    ]
    lines = [
        (20 + 360 / count * column, 500 - 8 * number - shift * column, line)
        for number in range(9)
        for column in range(count)
        for line in [columns[column][number]]
    ]
    text = _load(pdf_bytes(lines, size=18 / count)).text
    assert text.split() == " ".join(line for column in columns for line in column).split()


def test_three_columns_of_cells_that_are_as_wide_as_lines_are_a_table() -> None:
    people = [("Jonathan Q. Smithers", "221B Baker Street", "London, United Kingdom"),
              ("Ann Lee, treasurer", "7 Rue de la Republique, 3e", "Lyon, France"),
              ("Maximilian Oberndorfer", "Am Alten Markt 12", "Salzburg, Austria")]  # fmt: skip
    lines = [
        (20 + 120 * column, 500.0 - 8 * (3 * turn + number), cell)
        for turn in range(3)
        for number, row in enumerate(people)
        for column, cell in enumerate(row)
    ]
    rows = [" | ".join(row) for row in people]
    assert _load(pdf_bytes(lines, size=6)).text.split("\n") == 3 * rows


def test_a_crop_box_moves_the_boxes_with_the_page() -> None:
    document = pypdfium2.PdfDocument(pdf_bytes([(100, 300, "alpha beta")]))
    document[0].set_cropbox(50, 250, 250, 350)
    path = bytearray()

    class Sink:
        def write(self, data: bytes) -> int:
            path.extend(data)
            return len(data)

    document.save(Sink())
    cropped = _load(bytes(path))
    shares, outside = _darkness(bytes(path), cropped)
    assert min(shares) > 0.05
    assert outside < 0.001


def test_each_page_has_its_characters() -> None:
    document = _load(pdf_bytes([(50, 500, "first page")], [], [(50, 500, "third page")]))
    spans = [(page.page, document.text[page.start : page.end]) for page in document.layout.pages]
    assert spans == [(1, "first page"), (2, ""), (3, "third page")]
    assert document.layout.page_at(document.text.index("third")) == 3
    assert document.metadata["pages_without_text"] == ("2",)


def test_a_label_of_several_lines_is_one_cell_beside_its_numbers() -> None:
    lines = [
        (50, 500, "Assets"), (260, 500, "2022"), (330, 500, "2023"),
        (50, 484, "Debt securities issued by government"), (50, 472, "agencies"),
        (260, 472, "12"), (330, 472, "13"),
        (50, 456, "Money market funds, and the others"), (260, 456, "14"), (330, 456, "15"),
        (50, 444, "like them"),
        (50, 428, "Obligations:"),
        (50, 412, "Leases"), (260, 412, "16"), (330, 412, "17"),
        (50, 396, "Equity"),
        (50, 380, "Shares"), (260, 380, "18"), (330, 380, "19"),
    ]  # fmt: skip
    assert _load(pdf_bytes(lines)).text.split("\n") == [
        "Assets | 2022 | 2023",
        "Debt securities issued by government agencies | 12 | 13",
        "Money market funds, and the others like them | 14 | 15",
        "Obligations:",
        "Leases | 16 | 17",
        "Equity",
        "Shares | 18 | 19",
    ]


@pytest.mark.parametrize("num_lines", [2, 3])
def test_the_lines_of_a_cell_may_stand_around_the_middle_of_its_row(num_lines: int) -> None:
    def cell(y: float, *lines: str) -> list[tuple[float, float, str]]:
        top = y + 6 * (num_lines - 1)
        return [(120, top - 12 * number, line) for number, line in enumerate(lines[-num_lines:])]

    lines = [
        (50, 520, "Plan"), (120, 520, "Description"), (330, 520, "Price"),
        (50, 480, "Basic"), *cell(480, "all of these and", "five users and", "a disk"), (330, 480, "$5"),
        (50, 430, "Pro"), *cell(430, "more than that:", "Ten users and", "more"), (330, 430, "$9"),
    ]  # fmt: skip
    more = ("all of these and ", "more than that: ") if num_lines == 3 else ("", "")
    assert _load(pdf_bytes(sorted(lines, key=lambda line: -line[1]))).text.split("\n") == [
        "Plan | Description | Price",
        f"Basic | {more[0]}five users and a disk | $5",
        f"Pro | {more[1]}Ten users and more | $9",
    ]


def test_the_last_cell_of_a_table_of_words_has_all_its_lines() -> None:
    lines = [
        (50, 500, "Plan"), (120, 500, "Description"), (330, 500, "Price"),
        (50, 480, "Basic"), (120, 480, "Includes up to five users and"), (330, 480, "$5"),
        (120, 468, "ten gigabytes of space"), (120, 456, "for files"),
        (50, 420, "All prices are without tax."),
    ]  # fmt: skip
    assert _load(pdf_bytes(lines)).text.split("\n") == [
        "Plan | Description | Price",
        "Basic | Includes up to five users and ten gigabytes of space for files | $5",
        "",
        "All prices are without tax.",
    ]


def test_a_table_keeps_its_rows_and_its_columns() -> None:
    rows = [("Part", "Life", "Price"), ("Outdoor sensor", "60", "149"), ("Gauge", "36 to 48", "$ 410")]
    lines = [
        (x, 400.0 - 16 * n, cell)
        for n, row in enumerate(rows)
        for x, cell in zip((50, 128, 170), row, strict=True)
    ]
    document = _load(pdf_bytes([(50, 440, "Prices are without tax."), *lines, (50, 300, "That is all.")]))
    assert _blocks(document) == [
        ("paragraph", "Prices are without tax."),
        ("table", "Part | Life | Price\nOutdoor sensor | 60 | 149\nGauge | 36 to 48 | $ 410"),
        ("paragraph", "That is all."),
    ]


def test_lines_become_paragraphs_and_items() -> None:
    lines = [
        "One sentence that",
        "goes on.",
        "",
        "A second paragraph.",
        "",
        "• first item",
        "• second item",
    ]
    document = _load(pdf_bytes([(50, 500 - 13 * n, line) for n, line in enumerate(lines) if line]))
    assert _blocks(document) == [
        ("paragraph", "One sentence that goes on."),
        ("paragraph", "A second paragraph."),
        ("list", "• first item\n• second item"),
    ]


def test_large_and_bold_lines_are_headings_by_size() -> None:
    body = "the body text of the page, longer than its headings are"
    lines = ["#Report", body, body, "!Summary", body, body]
    document = _load(pdf_bytes([(50, 500 - 26 * n, line) for n, line in enumerate(lines)]))
    headings = [
        (block.level, document.text[block.start : block.end])
        for block in document.blocks
        if block.kind == "heading"
    ]
    assert headings == [(1, "Report"), (2, "Summary")]
    assert document.title == "Report"


def test_the_title_of_the_properties_comes_first() -> None:
    assert _load(pdf_bytes([(50, 500, "#Report")], title="Annual figures")).title == "Annual figures"
    assert _load(pdf_bytes([(50, 500, "text")], title="untitled")).title == "sample"
    nobody = _load(pdf_bytes([(50, 500, "text")], title="(anonymous)"))  # nor is "anonymous" an author
    assert (nobody.title, "author" in nobody.metadata) == ("sample", False)


def test_text_on_its_side_follows_the_rest() -> None:
    document = _load(edge_pdf())
    assert document.text == "The text of the page itself.\n\nprinted along the edge"
    assert min(_darkness(edge_pdf(), document)[0]) > 0.02


def test_an_encrypted_file_says_so() -> None:
    with pytest.raises(UnreadableDocumentError, match="without a password"):
        _load(pdf_bytes([(50, 500, "secret")], password="letmein"))


def test_a_file_without_anything_to_read_says_so() -> None:
    with pytest.raises(UnreadableDocumentError, match="no text can be seen"):
        _load(pdf_bytes([]))


def test_a_broken_file_says_so() -> None:
    with pytest.raises(UnreadableDocumentError, match="broken"):
        _load(b"%PDF-1.7 and then nothing")
