import io
import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest
from _mail_files import packed
from _syncing import deleted_by_sync, states

from indexing.listing import list_places
from indexing.loaders.zip import Zip
from indexing.parse import parse_document
from indexing.submit import submit_paths, submit_uploads
from indexing.sync import plan_sync
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.errors import UnreadableDocumentError

MEGABYTE = b" " * 1_000_000


def _bomb(megabytes: int) -> bytes:
    return packed({"a.txt": MEGABYTE * megabytes})


def _lying(megabytes: int) -> bytes:
    """Say of a file that it has 100 bytes, in both places where its size stands."""
    archive, size = _bomb(megabytes), struct.pack("<I", megabytes * 1_000_000)
    return archive.replace(size, struct.pack("<I", 100))


def _linked() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        entry = zipfile.ZipInfo("link.txt")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return target.getvalue()


def _encrypted() -> bytes:
    archive = bytearray(packed({"a.txt": b"secret"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(mark) + place] |= 1
    return bytes(archive)


def _quine_like(depth: int) -> bytes:
    content = packed({"last.txt": b"the end"})
    for _ in range(depth):
        content = packed({"inner.zip": content, "note.txt": b"a note"})
    return content


def _ingested(grove: Grove, path: Path) -> dict[str, str]:
    return states(run_job(grove, submit_paths(grove, [path], collection="c")))


def test_an_archive_becomes_a_document_for_each_of_its_files(grove: Grove, here: Path) -> None:
    inner = packed({"swarms.md": b"# Swarms\n\nThey come in May."})
    files = {"deep/tools.txt": b"A veil.", "inner.zip": inner, "hive.mp3": b"?", ".hidden.txt": b"?"}
    (here / "a.zip").write_bytes(packed({**files, "__MACOSX/._tools.txt": b"?", "deep/": b""}))
    assert _ingested(grove, Path("a.zip")) == {
        "a.zip/deep/tools.txt": "done",
        "a.zip/inner.zip/swarms.md": "done",
    }
    (passage,) = grove.search("swarms may", collection="c", retriever="lexical").passages
    assert (passage.source, passage.title) == ("a.zip/inner.zip/swarms.md", "Swarms")
    assert list((grove.settings.home_dir / "uploads").iterdir()) == []


def test_what_did_not_change_in_an_archive_is_skipped(grove: Grove, here: Path) -> None:
    for text, state in ((b"old", "done"), (b"new", "done"), (b"new", "skipped")):
        (here / "a.zip").write_bytes(packed({"same.txt": b"Same.", "other.txt": text}))
        states = _ingested(grove, Path("a.zip"))
        assert states["a.zip/other.txt"] == state
    assert states["a.zip/same.txt"] == "skipped"


def test_an_archive_in_a_folder_and_one_that_is_uploaded_are_taken_apart_too(
    grove: Grove, here: Path
) -> None:
    (here / "notes").mkdir()
    (here / "notes" / "A.ZIP").write_bytes(packed({"x.txt": b"From the folder."}))
    assert _ingested(grove, Path("notes")) == {"notes/A.ZIP/x.txt": "done"}
    (here / "sent").write_bytes(packed({"y.txt": b"Sent."}))
    job = submit_uploads(grove, [("b.zip", here / "sent")], collection="c")
    assert states(run_job(grove, job)) == {"b.zip/y.txt": "done"}
    assert list((grove.settings.home_dir / "uploads").iterdir()) == []


def test_a_plan_tells_of_the_files_of_an_archive(grove: Grove, here: Path) -> None:
    (here / "a.zip").write_bytes(packed({"x.txt": b"One.", "i.zip": packed({"y.txt": b"Two."})}))
    plan = plan_sync(grove, list_places(grove, ["a.zip"]), collection="default")
    assert plan.add == ["a.zip/x.txt", "a.zip/i.zip/y.txt"]
    run_job(grove, submit_paths(grove, ["a.zip"], collection="default"))
    (here / "a.zip").write_bytes(packed({"x.txt": b"1.", "i.zip": packed({"y.txt": b"Two."})}))
    plan = plan_sync(grove, list_places(grove, ["a.zip"]), collection="default")
    assert (plan.add, plan.replace, plan.unchanged) == ([], ["a.zip/x.txt"], ["a.zip/i.zip/y.txt"])


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<x/>"}, r"a Word document.*\.docx"),
        ({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>"}, r"an Excel workbook.*\.xlsx"),
        ({"mimetype": b"application/epub+zip", "a.xml": b"<x/>"}, r"an EPUB book.*\.epub"),
    ],
)
def test_a_document_that_is_named_as_an_archive_is_told(files: dict[str, bytes], what: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=f"named .zip but it is {what}"):
        parse_document(packed(files), name="x.zip")


def test_documents_whose_files_left_the_archive_are_deleted(grove: Grove, here: Path) -> None:
    (here / "a.zip").write_bytes(
        packed({"x.txt": b"One.", "i.zip": packed({"y.txt": b"Two.", "z.txt": b"3"})})
    )
    _ingested(grove, Path("a.zip"))
    (here / "a.zip").write_bytes(b"PK half written")
    assert deleted_by_sync(grove, [Path("a.zip")], collection="c") == []
    (here / "a.zip").write_bytes(packed({"i.zip": packed({"y.txt": b"Two."})}))
    assert deleted_by_sync(grove, [Path(".")], collection="c") == ["a.zip/i.zip/z.txt", "a.zip/x.txt"]
    (here / "a.zip").unlink()
    assert deleted_by_sync(grove, [Path(".")], collection="c") == ["a.zip/i.zip/y.txt"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (packed({"../out.txt": b"x"}), "leads out of the archive"),
        (packed({"a/../../out.txt": b"x"}), "leads out of the archive"),
        (packed({"/etc/out.txt": b"x"}), "leads out of the archive"),
        (packed({"C:\\out.txt": b"x"}), "leads out of the archive"),
        (_linked(), "is a link"),
        (_encrypted(), "is encrypted"),
        (packed({"i.zip": b"PK nothing"}), "broken or cut short"),
        (_quine_like(8), "nest more than 5 deep"),
        (packed({"b.pdf": b"no PDF"}), "no PDF"),
    ],
)
def test_a_file_that_is_not_read_fails_alone(grove: Grove, here: Path, content: bytes, reason: str) -> None:
    target = io.BytesIO(content)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("good.txt", "All is well.")
    (here / "a.zip").write_bytes(target.getvalue())
    states = _ingested(grove, Path("a.zip"))
    assert states.pop("a.zip/good.txt") == "done"
    assert any(reason in state for state in states.values())
    assert [path.name for path in here.iterdir() if path.name.startswith("out")] == []
    text = Zip().load(target.getvalue(), name="a.zip").text
    assert "All is well." in text
    assert reason in text
    assert "root:" not in text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 and nothing more", "broken or cut short"),
        (packed({"a.txt": b"x" * 99})[:-30], "broken or cut short"),
        (packed({"sound.mp3": b"x"}), "holds no file that is read"),
        (packed({}), "holds no file that is read"),
        (_bomb(100), "unpacks to more than"),
        (packed({"i.zip": _bomb(100), "good.txt": b"x"}), "unpacks to more than"),
        (packed({f"{number}.txt": b"x" for number in range(10_001)}), "more than 10000 files"),
    ],
)
def test_an_archive_that_is_not_read_is_one_failed_file(
    grove: Grove, here: Path, content: bytes, reason: str
) -> None:
    (here / "a.zip").write_bytes(content)
    (here / "note.txt").write_text("All is well.")
    started = time.monotonic()
    states = _ingested(grove, Path("."))
    assert states["note.txt"] == "done"
    assert reason in states["a.zip"]
    assert time.monotonic() - started < 20
    uploads = grove.settings.home_dir / "uploads"
    assert not uploads.exists() or list(uploads.iterdir()) == []


def test_sizes_that_an_archive_lies_about_are_not_believed(grove: Grove, here: Path) -> None:
    (here / "a.zip").write_bytes(_lying(100))
    (state,) = _ingested(grove, Path("a.zip")).values()
    assert state == "done" or "unpack" in state
    documents = grove.catalog.documents("c", limit=10, after=None)
    assert sum(document.status == "ready" for document in documents) <= 1


def test_names_of_other_systems_are_read(grove: Grove, here: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("ordner\\Größe.txt", "groß")
    flagless = bytearray(target.getvalue())
    for mark, place in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        flagless[flagless.index(mark) + place] &= ~0x08
    (here / "a.zip").write_bytes(flagless)
    assert _ingested(grove, Path("a.zip")) == {"a.zip/ordner/Größe.txt": "done"}


@pytest.mark.parametrize(
    ("name", "encoding"), [("Отчёт_2024 за март.txt", "cp866"), ("Größe.txt", "cp437")]
)
def test_names_in_the_code_page_of_a_system_are_read(
    grove: Grove, here: Path, name: str, encoding: str
) -> None:
    raw = name.encode(encoding)
    (here / "a.zip").write_bytes(packed({"x" * len(raw): b"Text."}).replace(b"x" * len(raw), raw))
    assert _ingested(grove, Path("a.zip")) == {f"a.zip/{name}": "done"}


def test_of_names_that_become_the_same_the_second_is_told(grove: Grove, here: Path) -> None:
    inner = packed({"a.txt": b"In the archive."})
    files = {"one.txt": b"First.", "o\u200bne.txt": b"Second.", "x.zip/a.txt": b"In the folder."}
    (here / "a.zip").write_bytes(packed({**files, "x.zip": inner}))
    status = run_job(grove, submit_paths(grove, [Path("a.zip")], collection="c"))
    assert status is not None
    fared = [(file.source, file.state) for file in status.files]
    assert sorted(fared) == [
        (f"a.zip/{name}", state) for name in ("one.txt", "x.zip/a.txt") for state in ("done", "failed")
    ]
    assert all("stands twice" in str(file.error) for file in status.files if file.state == "failed")


def test_a_plan_tells_of_files_behind_a_broken_one(grove: Grove, here: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.txt", "First.")
        archive.writestr("b.txt", "Second.")
    (here / "a.zip").write_bytes(target.getvalue().replace(b"First.", b"Wrong."))
    plan = plan_sync(grove, list_places(grove, ["."]), collection="c")
    assert plan.add == ["a.zip/a.txt", "a.zip/b.txt"]


def test_a_name_that_comes_twice_is_told(grove: Grove, here: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.txt", "first")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", "second")
    (here / "a.zip").write_bytes(target.getvalue())
    status = run_job(grove, submit_paths(grove, [Path("a.zip")], collection="c"))
    assert status is not None
    assert [file.state for file in status.files] == ["done", "failed"]
    assert "stands twice" in str(status.files[1].error)


def test_a_zip_inside_another_document_is_a_section_a_file() -> None:
    document = parse_document(packed({"b.md": b"# Tools\n\nA veil.", "a.txt": b"Note."}), name="a.zip")
    assert [(block.kind, document.text[block.start : block.end]) for block in document.blocks] == [
        ("heading", "File: b.md"),
        ("heading", "# Tools"),
        ("paragraph", "A veil."),
        ("heading", "File: a.txt"),
        ("paragraph", "Note."),
    ]


def test_a_zip_in_which_nothing_is_read_is_refused() -> None:
    with pytest.raises(UnreadableDocumentError, match="holds no text"):
        parse_document(packed({"a.mp3": b"x"}), name="a.zip")
