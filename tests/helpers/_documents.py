"""Small real documents of every format that a loader reads, made on the spot."""

import io
from collections.abc import Sequence

import docx
import pypdfium2
from _mail_files import JATS, eml_bytes, epub_bytes, msg_bytes, packed
from _office_files import RTF, XLS, ods_bytes, odt_bytes, pptx_bytes, xlsx_bytes
from reportlab.pdfgen.canvas import Canvas

__all__ = ["COLUMN_LINES", "PAGE", "SAMPLES", "docx_bytes", "edge_pdf", "pdf_bytes", "two_column_pdf"]

PAGE = (400, 600)
Line = tuple[float, float, str]  # x and y of the base line from the bottom left, and what is written there

COLUMN_LINES = [f"column {side} line {number} of the running text" for side in "ab" for number in range(12)]


def pdf_bytes(
    *pages: Sequence[Line],
    size: float = 10,
    rotation: int = 0,
    title: str | None = None,
    password: str | None = None,
) -> bytes:
    """Write pages of single lines; `!` before a line makes it bold, `#` large."""
    file = io.BytesIO()
    # reportlab swaps the sides of a page that is turned on its side; swapped twice, they are as given.
    sides = PAGE[::-1] if rotation in (90, 270) else PAGE
    canvas = Canvas(file, pagesize=sides, invariant=1, encrypt=password)
    if title is not None:
        canvas.setTitle(title)
    for lines in pages:
        canvas.setPageRotation(rotation)
        for x, y, text in lines:
            large, bold = text.startswith("#"), text.startswith("!")
            canvas.setFont("Helvetica-Bold" if bold else "Helvetica", 1.6 * size if large else size)
            canvas.drawString(x, y, text[1:] if large or bold else text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def two_column_pdf(rotation: int = 0) -> bytes:
    """Write a title over two columns, the lines of both in turn, as some programs do."""
    lines: list[Line] = [(30, 570, "#A title that stands over both of the columns")]
    for number in range(12):
        lines.append((30, 540 - 14 * number, COLUMN_LINES[number]))
        lines.append((220, 540 - 14 * number, COLUMN_LINES[12 + number]))
    return pdf_bytes(lines, size=8, rotation=rotation)


def edge_pdf() -> bytes:
    """Write a line along the left edge, upwards, before the page's own line."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=PAGE, invariant=1)
    canvas.rotate(90)
    canvas.drawString(100, -20, "printed along the edge")
    canvas.rotate(-90)
    canvas.drawString(50, 500, "The text of the page itself.")
    canvas.save()
    return file.getvalue()


def png_bytes(*lines: str, side: int = 200, turn: int = 0) -> bytes:
    """Print lines on a square and take its picture, turned clockwise so many quarters."""
    placed = [(10, PAGE[1] - 30 - 24 * number, line) for number, line in enumerate(lines)]
    page = pypdfium2.PdfDocument(pdf_bytes(placed, size=16))[0]
    picture = page.render(scale=1, crop=(0, PAGE[1] - side, PAGE[0] - side, 0)).to_pil()
    file = io.BytesIO()
    picture.rotate(-90 * turn, expand=True).save(file, "PNG")
    return file.getvalue()


def docx_bytes() -> bytes:
    """Write headings, a list of each kind and a table."""
    document = docx.Document()
    document.core_properties.title = "Bees"
    document.add_heading("Keeping bees", 0)
    document.add_heading("Tools", 1)
    document.add_paragraph("You need little.")
    for text in ("A smoker", "A veil"):
        document.add_paragraph(text, style="List Bullet")
    for text in ("Light it.", "Wait."):
        document.add_paragraph(text, style="List Number")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        (cell for row in table.rows for cell in row.cells), ("Tool", "Price", "Veil", "12"), strict=True
    ):
        cell.text = text
    document.add_paragraph("The end.")
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


_MARKDOWN = """---
title: Bees
tags: [animals, honey]
---
# Keeping bees

You need little.

- A smoker
- A veil

| Tool | Price |
|------|-------|
| Veil | 12    |

```sh
# no heading
```
"""
_RST = """PEP: 9999
Title: Bees
Status: Draft
Created: 01-Apr-2020
Requires: 8, 20


Keeping bees
============

You need little::

    smoke()

Tools
-----

* A smoker
* A veil
"""
_HTML = """<!doctype html><html><head><title>Bees</title><style>p {color: red}</style></head><body>
<nav>Home</nav><main><h1>Keeping <em>bees</em></h1><p>You need<br>little.</p>
<ul><li>A smoker</li><li>A veil<ol><li>black</li></ol></li></ul>
<table><tr><th>Tool</th><th>Price</th></tr><tr><td>Veil</td><td>12</td></tr></table>
<pre>smoke()
  wait()</pre><script>alert(1)</script></main><footer>Imprint</footer></body></html>
"""

_ASCIIDOC = """= Keeping bees
Ann Eir <ann@bees.org>
:keywords: smoke, honey

You need little.

== Tools

* A smoker
* A veil

|===
|Tool |Price
|Veil |12
|===

----
== no heading
----
"""

_ROWS = """<row><c t="inlineStr"><is><t>Tool</t></is></c><c t="s"><v>0</v></c></row>
<row><c t="str"><v>Veil</v></c><c><v>12</v></c></row>"""

SAMPLES: dict[str, bytes] = {  # by loader
    "asciidoc": _ASCIIDOC.encode(),
    "csv": b"Tool;Price\nVeil;12,50\nSmoker;30\n",
    "docx": docx_bytes(),
    "eml": eml_bytes(("tools.md", b"# Tools\n\nA veil."), forwarded=b"They come in May."),
    "epub": epub_bytes("<h1>Keeping bees</h1><p>You need little.</p>", "<ul><li>A veil</li></ul>"),
    "html": _HTML.encode(),
    "image": png_bytes("Keeping bees", "You need little."),
    "json": b'{"title": "Bees", "tools": [{"name": "smoker", "price": 12.50}, {"name": "veil"}]}',
    "markdown": _MARKDOWN.encode(),
    "msg": msg_bytes(),
    "ods": ods_bytes(),
    "odt": odt_bytes(),
    "pdf": two_column_pdf(),
    "pptx": pptx_bytes(),
    "rst": _RST.encode(),
    "rtf": RTF,
    "text": b"One paragraph\nof two lines.\n\nAnother one.\n",
    "xls": XLS,
    "xlsx": xlsx_bytes({"Prices": _ROWS, "Empty": ""}, strings="<si><t>Price</t></si>"),
    "xml": JATS.encode(),
    "zip": packed({"deep/tools.md": b"# Tools\n\nA veil.", "note.txt": b"You need little."}),
}
