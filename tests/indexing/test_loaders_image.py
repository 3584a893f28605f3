import io
import re
from pathlib import Path

import pypdfium2
import pytest
from _documents import PAGE, pdf_bytes, png_bytes
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from indexing.loaders import image, pdf
from indexing.loaders.image import Image
from indexing.loaders.pdf import Pdf
from indexing.reader import Reader
from rag.core.errors import UnreadableDocumentError

LINES = ("Keeping many bees", "needs a quiet place", "and some patience.")


def scan(*pages: bytes | str, stamp: str = "- 7 -") -> bytes:
    """Give a PDF whose pages are pictures, or one line of text."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=PAGE, invariant=1)
    for page in pages:
        if isinstance(page, bytes):
            canvas.drawImage(ImageReader(io.BytesIO(page)), 0, 100, width=400, height=400)
            canvas.drawString(180, 20, stamp)
        else:
            canvas.drawString(50, 500, page)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_picture_is_read_however_it_lies(turn: int) -> None:
    document = Image().load(png_bytes(*LINES, turn=turn), name="bees.png")
    assert document.text.split() == " ".join(LINES).split()
    assert document.metadata == {"pages": 1}
    first, last = document.layout.boxes[0].box, document.layout.boxes[-1].box
    # The first word stands at the top left, from there the page was turned.
    assert ((first.x0 < 0.5), (first.y0 < 0.5)) == [
        (True, True),
        (False, True),
        (False, False),
        (True, False),
    ][turn]
    assert (last.y0 > first.y0, last.x0 < first.x0, last.y0 < first.y0, last.x0 > first.x0)[turn]


def test_scanned_pages_are_read_page_by_page() -> None:
    document = Pdf().load(scan("A page of text.", png_bytes(*LINES)), name="mixed.pdf")
    first, second = document.layout.pages
    assert document.text[first.start : first.end] == "A page of text."
    assert document.text[second.start : second.end].startswith("Keeping many bees needs a quiet place")
    assert document.metadata["pages_read_by_ocr"] == ("2",)


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (image, pdf):
        monkeypatch.setattr(module, "ocr", lambda: None)
    with pytest.raises(UnreadableDocumentError, match=re.escape("pip install 'grove-rag[ocr]'")):
        Image().load(png_bytes(*LINES), name="bees.png")
    with pytest.raises(UnreadableDocumentError, match=re.escape("pip install 'grove-rag[ocr]'")):
        Pdf().load(scan(png_bytes(*LINES), stamp=""), name="scan.pdf")
    document = Pdf().load(scan("A page of text.", png_bytes(*LINES)), name="mixed.pdf")
    assert document.text == "A page of text.\n\n- 7 -"


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(UnreadableDocumentError, match="cannot be read as a picture"):
        Image().load(b"\x89PNG\r\n\x1a\n....", name="a.png")
    with pytest.raises(UnreadableDocumentError, match="holds no text"):
        Image().load(png_bytes(), name="blank.png")


def test_it_fits_into_the_limits_of_the_reading_process() -> None:
    large = pypdfium2.PdfDocument(pdf_bytes([(50, 500 - 20 * n, line) for n, line in enumerate(LINES)]))
    file = io.BytesIO()
    large[0].render(scale=5).to_pil().save(file, "PNG")  # 2000 by 3000 pixels
    with Reader(max_seconds=100, max_bytes=1_000_000_000) as reader:
        assert reader.read(file.getvalue(), name="large.png")[0].text == " ".join(LINES)


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("docling__ocr_test.pdf", "conversion to JSON and Markdown in an easy self contained package"),
        ("docling__ocr_test_rotated_90.pdf", "conversion to JSON and Markdown in an easy self contained"),
        ("unstructured__loremipsum-flat.pdf", "Lorem ipsum dolor sit amet, consectetur adipiscing elit."),
        ("unstructured__layout-parser-paper-fast.jpg", "Recent advances in document image analysis"),
        ("tika__testOCR.pdf", "Happy New Year 2003!"),
        (
            "unstructured__jpn-vert.jpeg",
            "元来日本語は漢文に倣い文字を上から下へまた行を右から左へと進めて表記を行っていた",
        ),
        ("unstructured__english-and-korean.png", "Its better to have many email accounts."),
    ],
)
def test_real_scans(file: str, words: str, shared_data: Path) -> None:
    content = (shared_data / "docs_formats" / "files" / file).read_bytes()
    loader = Pdf() if file.endswith(".pdf") else Image()
    assert words in loader.load(content, name=file).text
