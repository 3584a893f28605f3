"""Makes mail.zip, invented for Grove: a message with a table attached, and a scanned notice."""

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

__all__ = ["make_mail"]

DAY = (2025, 5, 2, 0, 0, 0)
READINGS = """Sensor;Battery (V);Drift (°C);Verdict
HX-240-0117;3,02;0,05;passed
HX-240-0118;2,71;0,04;replace the batteries
HX-240-0121;2,98;0,62;send to the depot
"""
MESSAGE = """Dear all,

the yearly inspection at Hollersee is done; the readings are attached. One sensor drifts and comes with us.
The clamp of the wind vane was loose and has been tightened.

Amina
"""
NOTICE = (
    ("NOTICE", 64),
    ("The depot is closed for stocktaking", 40),
    ("from 14 July to 18 July 2025.", 40),
    ("Urgent spare parts: call the duty officer,", 40),
    ("extension 4417.", 40),
)


def make_mail(path: Path) -> None:
    """Write the archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("inspection.eml", _message()), ("notice.png", _scan())):
            archive.writestr(zipfile.ZipInfo(name, DAY), content, zipfile.ZIP_DEFLATED)


def _message() -> bytes:
    message = EmailMessage()
    message["From"] = "Amina Farah <amina@lindqvist.example>"
    message["To"] = "Field staff <field@lindqvist.example>"
    message["Subject"] = "Inspection of the Hollersee sensors"
    message["Date"] = "Fri, 02 May 2025 09:12:00 +0200"
    message.set_content(MESSAGE)
    message.add_attachment(
        READINGS.encode("cp1252"), maintype="text", subtype="csv", filename="readings.csv"
    )
    message.set_boundary("=-=-=")
    return message.as_bytes()


def _scan() -> bytes:
    page = Image.new("L", (1000, 640), 236)
    draw, top = ImageDraw.Draw(page), 70
    for line, size in NOTICE:
        draw.text((80, top), line, fill=40, font=ImageFont.load_default(size))
        top += size + 34
    written = io.BytesIO()
    page.rotate(1.2, fillcolor=236, resample=Image.Resampling.BICUBIC).save(written, "PNG")
    return written.getvalue()


if __name__ == "__main__":
    make_mail(Path(__file__).parent / "mail.zip")
