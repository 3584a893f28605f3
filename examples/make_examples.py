"""Makes the documents beside it: `python examples/make_examples.py [PEPS.jsonl.gz]`.

handbook.pdf, field-notes.docx and product.html are invented for Grove and always come out the same. The
PEPs, which are in the public domain, are taken from the given corpus (id, title, text, meta).
"""

import datetime
import gzip
import json
import sys
import zipfile
from pathlib import Path

import docx
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

HERE = Path(__file__).parent
PEPS = (
    "1 7 8 12 20 202 214 255 257 274 282 285 289 308 318 322 342 343 362 380 405 420 435 440 443 "
    "448 450 471 479 484 492 498 506 515 518 519 526 530 557 560 570 572 584 585 594 604 616 618"
).split()
HEADER = ("status", "type", "topic", "created", "python-version", "requires", "replaces", "superseded-by")

POLICIES = {
    "Calibration": (
        "Every sensor leaves the works with a calibration certificate. Recalibration is due "
        "every 24 months for indoor models and every 12 months for outdoor models. A sensor "
        "that has been dropped from more than one metre is recalibrated before it is used "
        "again."
    ),
    "Batteries": (
        "Batteries are replaced in pairs. The expected life of a pair is 40 months at one "
        "reading a minute and 11 months at one reading a second. Spent batteries are returned "
        "to the depot in the grey boxes, never in household waste."
    ),
    "Records": (
        "Readings are kept on the device for 30 days and in the archive for seven years. The "
        "archive is encrypted; its keys are held by the records office and are renewed each "
        "January."
    ),
    "Teams": (
        "Field staff travel in teams of two. A team reports to the dispatcher at 09:00 and at "
        "16:00. When two reports in a row are missed, the dispatcher calls the duty officer, "
        "whose number is on the back of every badge."
    ),
    "Claims": (
        "Claims under the warranty are sent to the depot with the serial number and a "
        "description of the fault. The depot answers within five working days. Damage by "
        "lightning is covered; damage by immersion below two metres is not."
    ),
    "Updates": (
        "Software updates are signed. A device installs an update between 02:00 and 04:00 local"
        " time, and goes back to the former version by itself when it does not reach the "
        "archive within 20 minutes."
    ),
}
WARRANTY = [
    ["Product", "Model", "Warranty (months)", "Operating range", "Price (EUR)"],
    ["Indoor sensor", "HX-100", "24", "0 to 50 °C", "89"],
    ["Outdoor sensor", "HX-240", "60", "-40 to 70 °C", "149"],
    ["River gauge", "RG-7", "36", "-20 to 60 °C", "410"],
    ["Gateway", "GW-2", "48", "-10 to 55 °C", "265"],
]
STATIONS = [
    ["Station", "Opened", "Sensors", "Readings in 2024", "Availability"],
    ["Birkenau", "2011", "48", "25,228,800", "99.2 %"],
    ["Hollersee", "2014", "31", "16,293,600", "98.7 %"],
    ["Nordkap", "2019", "12", "6,307,200", "94.1 %"],
    ["Valdres", "2022", "57", "29,959,200", "99.6 %"],
]


def make_pdf(path: Path) -> None:
    """Write the handbook: a cover page, two-column pages, tables."""
    styles = getSampleStyleSheet()
    document = _template(path)
    body, heading = styles["BodyText"], styles["Heading2"]
    story = [
        Paragraph("Lindqvist Instruments: Field Handbook", styles["Title"]),
        Paragraph(
            "This handbook is for everyone who installs, reads or repairs the instruments of "
            "Lindqvist Instruments. It was"
            " approved by Marta Lindqvist, head of operations, and replaces the edition of 2022.",
            body,
        ),
        Paragraph("1. Who we are", heading),
        Paragraph(
            "Lindqvist Instruments was founded in 1987 in Uppsala by two hydrologists. It runs 148 "
            "sensors at four stations and"
            " employs 63 people. The depot is at Kungsgatan 12; it is open from Monday to Thursday.",
            body,
        ),
        NextPageTemplate("two"),
        PageBreak(),
        Paragraph("2. Rules of the field", heading),
    ]
    for number, (title, policy) in enumerate(POLICIES.items(), 1):
        story += [
            Paragraph(f"2.{number} {title}", styles["Heading3"]),
            *[Paragraph(policy, body), Spacer(1, 60)],
        ]
    story += [NextPageTemplate("one"), PageBreak(), Paragraph("3. Products and warranty", heading)]
    story += [
        Paragraph(
            "The warranty runs from the day of delivery. Prices are without tax and hold until the "
            "end of 2025.",
            body,
        ),
        Spacer(1, 12),
        _table(WARRANTY),
        PageBreak(),
        Paragraph("4. Stations", heading),
        Paragraph("Availability is the share of minutes in which all sensors of a station reported.", body),
        Spacer(1, 12),
        _table(STATIONS),
        Spacer(1, 12),
        Paragraph(
            "Nordkap lost 21 days in February 2024, when ice broke the mast. The mast was replaced "
            "by a heated one on 14 March"
            " 2024 at a cost of EUR 38,500.",
            body,
        ),
    ]
    document.build(story)


def _template(path: Path) -> BaseDocTemplate:
    """Give a document with pages of one and of two columns."""
    width, height = A4
    whole = Frame(60, 60, width - 120, height - 120, id="whole")
    columns = [Frame(60 + i * 245, 60, 230, height - 120, id=f"column{i}") for i in range(2)]
    document = BaseDocTemplate(
        str(path),
        pagesize=A4,
        title="Lindqvist Instruments: Field Handbook",
        author="Lindqvist Instruments",
        invariant=1,
    )
    document.addPageTemplates([PageTemplate("one", [whole]), PageTemplate("two", columns)])
    return document


def _table(rows: list[list[str]]) -> Table:
    table = Table(rows, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e7efe9")),
                ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
            ]
        )
    )
    return table


def make_docx(path: Path) -> None:
    """Write the field notes: headings, a list and a table."""
    document = docx.Document()
    document.core_properties.title = "Field notes, spring campaign"
    document.core_properties.author = "Jonas Ek"
    document.core_properties.created = document.core_properties.modified = datetime.datetime(2025, 5, 2)
    document.add_heading("Field notes, spring campaign", 0)
    document.add_paragraph("Written by Jonas Ek and Amina Farah between 3 and 21 April 2025.")
    document.add_heading("Hollersee", 1)
    document.add_paragraph(
        "The lake was free of ice on 6 April, nine days earlier than the year before. The water "
        "stood at 2.31 metres on the old"
        " gauge, which reads four centimetres too high since the pier was repaired."
    )
    for item in (
        "Replaced the antenna of gateway 3.",
        "Cleaned the solar panel; output rose from 11 to 19 watts.",
        "Left one spare HX-240 in the hut.",
    ):
        document.add_paragraph(item, style="List Bullet")
    document.add_heading("Valdres", 1)
    document.add_paragraph(
        "Two of the new sensors disagreed by 0.4 degrees. The fault was a loose shield, not the sensor."
    )
    table = document.add_table(rows=1, cols=3)
    for cell, text in zip(table.rows[0].cells, ("Date", "Snow depth (cm)", "Observer"), strict=True):
        cell.text = text
    for row in (("12 April", "84", "Ek"), ("15 April", "71", "Farah"), ("20 April", "46", "Farah")):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.save(str(path))
    _fix_times(path)


def _fix_times(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name, (2025, 5, 2, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


PRODUCT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>HX-240 outdoor sensor</title>
<meta name="author" content="Lindqvist Instruments"></head>
<body>
<nav><a href="/">Home</a> <a href="/products">Products</a></nav>
<main>
<h1>HX-240 outdoor sensor</h1>
<p>The HX-240 measures temperature, humidity and air pressure outdoors, all year round. It survives the
storms that end other sensors: its housing is rated IP67.</p>
<h2>What is in the box</h2>
<ul><li>One sensor with radiation shield</li>
<li>A steel clamp for masts of 30 to 60 mm</li><li>Two lithium cells, size AA</li></ul>
<h2>Accuracy</h2>
<table><tr><th>Quantity</th><th>Accuracy</th><th>Resolution</th></tr>
<tr><td>Temperature</td><td>±0.2 °C</td><td>0.01 °C</td></tr>
<tr><td>Humidity</td><td>±1.5 %</td><td>0.1 %</td></tr>
<tr><td>Air pressure</td><td>±0.5 hPa</td><td>0.1 hPa</td></tr></table>
<h2>Radio</h2>
<p>The sensor sends on 868 MHz and reaches a gateway 4 km away in open country.
<strong>It is not licensed for use in North America.</strong></p>
</main>
<footer>© Lindqvist Instruments</footer>
</body></html>
"""


def make_peps(corpus: Path, folder: Path) -> None:
    """Write PEPs as files with the header that PEPs have."""
    folder.mkdir(exist_ok=True)
    wanted = {f"pep-{int(number):04}" for number in PEPS}
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        for document in (json.loads(line) for line in lines):
            if document["id"] not in wanted:
                continue
            number, _, title = document["title"].removeprefix("PEP ").partition(" - ")
            meta = document["meta"]
            fields = {"PEP": number, "Title": title, "Author": _joined(meta.get("author_names") or "")}
            fields |= {name.title(): _joined(meta[name]) for name in HEADER if meta.get(name)}
            header = "\n".join(f"{name}: {value}" for name, value in fields.items() if value)
            (folder / f"{document['id']}.rst").write_text(
                f"{header}\n\n{document['text'].strip()}\n", encoding="utf-8"
            )


def _joined(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def make_invented(folder: Path) -> None:
    """Write the invented documents."""
    make_pdf(folder / "handbook.pdf")
    make_docx(folder / "field-notes.docx")
    (folder / "product.html").write_text(PRODUCT, encoding="utf-8")


if __name__ == "__main__":
    make_invented(HERE)
    if len(sys.argv) > 1:
        make_peps(Path(sys.argv[1]), HERE / "peps")
