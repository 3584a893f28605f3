"""Small messages, e-books, archives and XML, made on the spot.

Outlook's compound files are written here, sector by sector, for no library writes them.
"""

import io
import struct
import zipfile
from collections.abc import Mapping
from email.message import EmailMessage

__all__ = ["JATS", "Parts", "compound_bytes", "eml_bytes", "epub_bytes", "msg_bytes", "msg_parts", "packed"]

Parts = Mapping[str, "bytes | Parts"]
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _MINI_SECTOR, _MINI_CUTOFF = 512, 64, 4096
_XHTML = (
    '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>'
)

JATS = """<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) v1.2//EN" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink"><front><journal-meta><journal-title-group>
<journal-title>Bee Letters</journal-title></journal-title-group></journal-meta><article-meta>
<article-id pub-id-type="doi">10.1/bees</article-id>
<title-group><article-title>Smoke and <italic>Apis</italic></article-title></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Eir</surname>
<given-names>Ann</given-names></name>
</contrib><contrib contrib-type="editor"><name><surname>Gone</surname></name></contrib></contrib-group>
<pub-date><day>3</day><month>2</month><year>2020</year></pub-date>
<abstract><p>Smoke calms bees.</p></abstract><kwd-group><kwd>smoke</kwd></kwd-group></article-meta></front>
<body><sec><title>Methods</title><p>We smoked <xref>Table 1</xref>.<fig><label>Figure 1.</label>
<caption><title>A hive.</title><p>From above.</p></caption><graphic/></fig> Then we&nbsp;waited.</p>
<sec><title>Hives</title><table-wrap><label>Table 1.</label><caption><p>Hives used.</p></caption>
<table><thead><tr><th>Hive</th><th>Bees</th></tr></thead><tbody><tr><td>A</td><td>900</td></tr></tbody></table>
<table-wrap-foot><fn><p>Counted twice.</p></fn></table-wrap-foot></table-wrap>
<list list-type="order"><list-item><p>Light it.</p></list-item><list-item><p>Wait.</p></list-item></list>
</sec></sec></body><back><ref-list><title>References</title><ref><label>1</label><element-citation>
<name><surname>Huber</surname><given-names>F</given-names></name><year>1792</year>
<article-title>On bees</article-title></element-citation></ref></ref-list></back></article>"""


def eml_bytes(
    *attachments: tuple[str, bytes], subject: str = "Keeping bees", forwarded: bytes | None = None
) -> bytes:
    """Write a message in two forms, plain and HTML, with files and a message attached."""
    message = EmailMessage()
    message["From"] = "Ann Eir <ann@bees.org>"
    message["To"] = "Bo <bo@bees.org>, Cy <cy@bees.org>"
    message["Subject"] = subject
    message["Date"] = "Fri, 31 Jan 2020 10:00:00 +0000"
    message.set_content("You need little.\n")
    message.add_alternative(
        "<p>You need <b>little</b>.</p><ul><li>A smoker</li></ul>"
        "<table><tr><td>Tool</td><td>Price</td></tr><tr><td>Veil</td><td>12</td></tr></table>",
        subtype="html",
    )
    for name, content in attachments:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    if forwarded is not None:
        inner = EmailMessage()
        inner["Subject"], inner["From"] = "Swarms", "Cy <cy@bees.org>"
        inner.set_content(forwarded.decode())
        message.add_attachment(inner)
    return message.as_bytes()


def epub_bytes(*pages: str, encryption: str | None = None) -> bytes:
    """Write a book whose pages stand in the archive in reverse; the spine has them in order."""
    names = [f"page{number}.xhtml" for number in range(len(pages))]
    items = "".join(f'<item id="i{n}" href="{n}" media-type="application/xhtml+xml"/>' for n in names)
    spine = "".join(f'<itemref idref="i{name}"/>' for name in names)
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfile full-path="OPS/book.opf"/></container>',
        "OPS/book.opf": '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Bees</dc:title>'
        "<dc:creator>Ann Eir</dc:creator><dc:date>2020-01-31T00:00</dc:date></metadata>"
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>",
        **{
            f"OPS/{name}": f"{_XHTML}<body>{page}</body></html>"
            for name, page in reversed([*zip(names, pages, strict=True)])
        },
    }
    if encryption is not None:
        parts["META-INF/encryption.xml"] = encryption
    return packed(parts)


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """Write a zip archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def msg_bytes(**changes: "bytes | Parts") -> bytes:
    """Write a message of Outlook, with a file and a message attached; changes replace its parts."""
    return compound_bytes({**msg_parts("Keeping bees", "You need little.\r\n\r\nA smoker."), **changes})


def msg_parts(subject: str, body: str, *, is_inner: bool = False) -> dict[str, "bytes | Parts"]:
    """Give the parts of a message: subject and body, a sender, a recipient, a date, attachments."""
    numbers = _number(0x0039, 0x0040, 132249384000000000)  # 2020-01-31 10:00
    header = bytes(24 if is_inner else 32)
    parts: dict[str, bytes | Parts] = {
        "__properties_version1.0": header + numbers + _number(0x3FFD, 0x0003, 1251),
        "__substg1.0_0037001F": subject.encode("utf-16-le"),
        "__substg1.0_1000001F": body.encode("utf-16-le"),
        "__substg1.0_0C1A001E": "Анна".encode("cp1251"),
        "__substg1.0_5D01001F": "ann@bees.org".encode("utf-16-le"),
        "__recip_version1.0_#00000000": {
            "__properties_version1.0": bytes(8) + _number(0x0C15, 0x0003, 1),
            "__substg1.0_3001001F": "Bo".encode("utf-16-le"),
            "__substg1.0_39FE001F": "bo@bees.org".encode("utf-16-le"),
        },
    }
    if not is_inner:
        parts["__attach_version1.0_#00000000"] = {
            "__properties_version1.0": bytes(8),
            "__substg1.0_3707001F": "tools.csv".encode("utf-16-le"),
            "__substg1.0_37010102": b"Tool,Price\nVeil,12\n",
        }
        parts["__attach_version1.0_#00000001"] = {
            "__properties_version1.0": bytes(8),
            "__substg1.0_3701000D": msg_parts("Swarms", "They come in May.", is_inner=True),
        }
    return parts


def compound_bytes(parts: Parts) -> bytes:
    """Write a compound file ([MS-CFB], version 3): storages and streams, small ones in the mini stream."""
    return _Compound().written(parts)


class _Compound:
    """What is written so far: sectors and their chains, the mini stream and its chains, the directory."""

    def __init__(self) -> None:
        self.sectors: list[bytes] = []
        self.fat: list[int] = []
        self.mini = bytearray()
        self.mini_fat: list[int] = []
        self.entries = [_entry("Root Entry", 5)]

    def written(self, parts: Parts) -> bytes:
        self._add(0, parts)
        struct.pack_into("<IQ", self.entries[0], 116, self._store(bytes(self.mini)), len(self.mini))
        mini_fat = _filled(struct.pack(f"<{len(self.mini_fat)}I", *self.mini_fat), _SECTOR, b"\xff")
        mini_fat_start = self._store(mini_fat)
        directory_start = self._store(b"".join(self.entries))
        num_fats = 1
        while (len(self.fat) + num_fats) * 4 > num_fats * _SECTOR:
            num_fats += 1
        places = [len(self.fat) + number for number in range(num_fats)]
        table = [*self.fat, *[_FAT] * num_fats]
        self.sectors.append(_filled(struct.pack(f"<{len(table)}I", *table), _SECTOR, b"\xff"))
        header = struct.pack(
            "<8s16s5H6x8I", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0, num_fats,
            directory_start, 0, _MINI_CUTOFF, mini_fat_start, len(mini_fat) // _SECTOR, _END,
        )  # fmt: skip
        header += struct.pack("<I109I", 0, *places, *[_FREE] * (109 - num_fats))
        return header + b"".join(self.sectors)

    def _add(self, parent: int, parts: Parts) -> None:
        last, link = (
            parent,
            76,
        )  # each is the right sibling of the one before it: a tree, if not a balanced one
        for name, content in sorted(parts.items()):
            number = len(self.entries)
            self.entries.append(_entry(name, 2 if isinstance(content, bytes) else 1))
            struct.pack_into("<I", self.entries[last], link, number)
            last, link = number, 72
            if isinstance(content, bytes):
                start = self._store(content) if len(content) >= _MINI_CUTOFF else self._store_mini(content)
                struct.pack_into("<IQ", self.entries[number], 116, start, len(content))
            else:
                self._add(number, content)

    def _store(self, content: bytes) -> int:
        filled = _filled(content, _SECTOR, b"\0")
        self.sectors += [filled[start : start + _SECTOR] for start in range(0, len(filled), _SECTOR)]
        return _chain(self.fat, len(filled) // _SECTOR)

    def _store_mini(self, content: bytes) -> int:
        filled = _filled(content, _MINI_SECTOR, b"\0")
        self.mini += filled
        return _chain(self.mini_fat, len(filled) // _MINI_SECTOR)


def _chain(table: list[int], count: int) -> int:
    start = len(table)
    table += [*range(start + 1, start + count), _END] if count else []
    return start if count else _END


def _filled(content: bytes, size: int, filler: bytes) -> bytes:
    return content.ljust(-(-len(content) // size) * size, filler)


def _entry(name: str, kind: int) -> bytearray:
    raw = name.encode("utf-16-le")
    size = len(raw) + 2 if name else 0
    packed_entry = struct.pack(
        "<64sHBB3I16sI8s8sIQ", raw, size, kind, 1, _FREE, _FREE, _FREE, b"", 0, b"", b"", 0, 0
    )
    return bytearray(packed_entry)


def _number(key: int, kind: int, value: int) -> bytes:
    return struct.pack("<HHIQ", kind, key, 6, value)
