"""Files made to do harm, through the worker: each fails alone, with its reason, within time and memory."""

import io
import random
import re
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from indexing.files import content_of
from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.errors import UnreadableDocumentError

MAX_SECONDS = 60
MAX_KILOBYTES = 2_000_000
MEGABYTE = b" " * 1_000_000  # bombs are made of it, piece by piece: this process must stay small
BOMB_MEGABYTES = 600
NewGrove = Callable[..., Grove]


def docx(*document: bytes) -> bytes:
    """Give a Word file whose main part is made of these pieces."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
            'officedocument.wordprocessingml.document.main+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            'relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        with archive.open("word/document.xml", "w", force_zip64=True) as part:
            for piece in document:
                part.write(piece)
    return target.getvalue()


def zip_bomb() -> bytes:
    return docx(b"<w:document><w:body>", *[MEGABYTE] * BOMB_MEGABYTES)


def lying_zip_bomb() -> bytes:
    """Say of a part of 600 MB that it has 100 bytes."""
    bomb = bytearray(docx(*[MEGABYTE] * BOMB_MEGABYTES))
    directory = bomb.rindex(b"PK\x01\x02")
    size = bomb.find((BOMB_MEGABYTES * len(MEGABYTE)).to_bytes(4, "little"), directory)
    bomb[size : size + 4] = (100).to_bytes(4, "little")
    return bytes(bomb)


def billion_laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{level + 1} "{f"&l{level};" * 10}">' for level in range(12))
    return docx(f'<!DOCTYPE d [<!ENTITY l0 "ha">{entities}]><d>&l12;</d>'.encode())


def external_entity() -> bytes:
    return docx(b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>')


def pdf(*objects: bytes) -> bytes:
    target, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(target))
        target += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(target)
    target += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    target += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(
        target + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    )


def stream(data: bytes, fields: bytes) -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (fields, len(data), data)


def pdf_inflate_bomb() -> bytes:
    packer = zlib.compressobj(9)
    once = b"".join([packer.compress(MEGABYTE) for _ in range(BOMB_MEGABYTES)]) + packer.flush()
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        stream(zlib.compress(once, 9), b"/Filter[/FlateDecode/FlateDecode]"),
    )


def pdf_of_itself() -> bytes:
    """Give pages whose parent is their child, and a form that draws itself."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 2/Parent 2 0 R>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
        stream(b"/F Do", b""),
        stream(b"/F Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>"),
    )


def pdf_of_many_pages() -> bytes:
    """Give 5,000 pages, which all print one stream."""
    lines = b"".join(b"(Line %d of a page among thousands.) Tj 0 -14 Td " % line for line in range(6))
    kids = b" ".join(b"%d 0 R" % (number + 5) for number in range(5_000))
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 700]/Contents 3 0 R/Resources<</Font<</F 4 0 R>>>>>>"
    )
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + kids + b"]/Count 5000>>",
        stream(b"BT /F 10 Tf 50 600 Td " + lines + b"ET", b""),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *[page] * 5_000,
    )


def pdf_of_many_bytes() -> bytes:
    """Give a page of text beside a picture of 50 MB."""
    picture = b"/Type/XObject/Subtype/Image/Width 5000/Height 3334/BitsPerComponent 8/ColorSpace/DeviceRGB"
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 700]/Contents 4 0 R"
        b"/Resources<</Font<</F 5 0 R>>/XObject<</P 6 0 R>>>>>>",
        stream(b"BT /F 10 Tf 50 600 Td (Below is a picture.) Tj ET 400 0 0 400 50 100 cm /P Do", b""),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        stream(random.Random(0).randbytes(5000 * 3334 * 3), picture),
    )


def deep_html() -> bytes:
    return b"<div>" * 2_000_000 + b"deep"


def deep_markdown() -> bytes:
    return b">" * 500_000 + b" deep\n\n" + b"[" * 200_000 + b"x" + b"](y)" * 200_000


def deep_rst() -> bytes:
    return b"".join(b" " * level + b"- x\n\n" for level in range(3_000))


def wide_csv() -> bytes:
    """Give a million columns, with a header and ten rows."""
    return b"\n".join(b",".join(b"%d" % column for column in range(1_000_000)) for _ in range(11))


HOSTILE = {
    "wide.csv": wide_csv,
    "bomb.docx": zip_bomb,
    "lying.docx": lying_zip_bomb,
    "laughs.docx": billion_laughs,
    "entity.docx": external_entity,
    "inflate.pdf": pdf_inflate_bomb,
    "itself.pdf": pdf_of_itself,
    "deep.html": deep_html,
    "deep.md": deep_markdown,
    "deep.rst": deep_rst,
}


@contextmanager
def watched_readers() -> Iterator[list[int]]:
    """Give a list that grows with the peak memory of the processes that read, in kilobytes.

    What the kernel tells of ended children will not do: it counts the parent's memory before `exec` too.
    """
    peaks: list[int] = []
    is_over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(peaks, is_over))
    watcher.start()
    try:
        yield peaks
    finally:
        is_over.set()
        watcher.join()


def _watch(peaks: list[int], is_over: threading.Event) -> None:
    while not is_over.wait(0.05):
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                if b"indexing._reader_process" in (process / "cmdline").read_bytes():
                    peak = re.search(r"VmHWM:\s+(\d+) kB", (process / "status").read_text())
                    peaks.extend(int(kilobytes) for kilobytes in (peak.groups() if peak else ()))


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_file_harms_no_other(name: str, new_grove: NewGrove, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / name).write_bytes(HOSTILE[name]())
    (folder / "zz.txt").write_text("All is well.")
    grove = new_grove(read_seconds=20.0, read_bytes=300_000_000)
    started = time.monotonic()
    with watched_readers() as peaks:
        status = run_job(grove, submit_paths(grove, [folder], collection="c"))
    assert time.monotonic() - started < MAX_SECONDS
    assert status is not None
    hostile, well = status.files
    assert well.state == "done"
    assert hostile.state == "done" or (hostile.error and name in hostile.error)
    found = grove.search("root daemon nologin", collection="c", retriever="lexical").passages
    assert not [passage for passage in found if "nologin" in passage.text]
    assert 0 < max(peaks) < MAX_KILOBYTES


@pytest.mark.parametrize(("make", "pages"), [(pdf_of_many_pages, 5_000), (pdf_of_many_bytes, 1)])
def test_a_large_pdf_comes_in_whole(
    make: Callable[[], bytes], pages: int, new_grove: NewGrove, tmp_path: Path
) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(make())
    grove = new_grove()
    with watched_readers() as peaks:
        status = run_job(grove, submit_paths(grove, [path], collection="c"))
    assert status is not None
    assert [(file.state, file.error) for file in status.files] == [("done", None)]
    (summary,) = grove.catalog.documents("c", limit=2)
    assert summary.document_id is not None
    document = grove.catalog.document(summary.document_id)
    assert len(document.layout.pages) == pages
    assert document.layout.boxes_in(len(document.text) - 4, len(document.text))[0].page == pages
    assert 0 < max(peaks) < MAX_KILOBYTES


def test_a_file_that_changes_while_it_is_read_is_not_taken_in_torn(
    new_grove: NewGrove, tmp_path: Path
) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"a line\n" * 5_000_000)
    is_read, written = threading.Event(), threading.Event()

    def write() -> None:
        with path.open("ab") as file:
            while not is_read.is_set():
                file.write(b"one more line\n")
                file.flush()
                written.set()

    def read_again_and_again() -> None:
        for _ in range(1000):  # the writer's turn may not come during one reading
            assert content_of(path, max_bytes=10**9).endswith(b"line\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        written.wait()
        with pytest.raises(UnreadableDocumentError, match="changed while it was read; ingest it again"):
            read_again_and_again()
    finally:
        is_read.set()
        writer.join()
    content = content_of(path, max_bytes=10**9)
    assert content == path.read_bytes()
