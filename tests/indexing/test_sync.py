"""A collection follows its source: what is there is in, what is gone is out, and doubt deletes nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from _mail_files import packed

from indexing.listing import Listing, list_places, urls_in
from indexing.submit import submit_paths, submit_uploads
from indexing.sync import plan_sync, submit_sync
from indexing.worker import run_job
from rag.compose import Grove
from rag.core.errors import ConflictError, InvalidInputError, UnreadableDocumentError
from rag.db.jobs import JobFile


@pytest.fixture
def grove(database_url: str | None, new_grove: Callable[..., Grove]) -> Grove:
    return new_grove(database_url)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    for name in ("kept", "changed", "gone"):
        (tmp_path / "notes" / f"{name}.txt").write_text(f"The note that is {name}.")
    return tmp_path / "notes"


@pytest.fixture
def fine_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was just written be known again: the next change is sure to have another time."""
    monkeypatch.setattr("indexing.listing._TICK_NS", 0)


def refuse(path: Path, *, max_bytes: int) -> bytes:
    raise UnreadableDocumentError("Stale file handle")


def failures(grove: Grove) -> list[str]:
    return [document.source for document in grove.catalog.documents("c") if document.status == "failed"]


def sync(grove: Grove, *places: str, may_delete_many: bool = False) -> dict[str, str]:
    """Synchronise, and give how each source fared."""
    listing = list_places(grove, places)
    synced = submit_sync(grove, listing, collection="c", may_delete_many=may_delete_many)
    status = run_job(grove, synced.job_id) if synced.job_id else None
    return {file.source: file.state for file in status.files} if status else {}


def test_what_is_new_is_added_what_changed_is_replaced_and_what_is_gone_is_deleted(
    grove: Grove, notes: Path
) -> None:
    assert set(sync(grove, "notes").values()) == {"done"}
    (notes / "changed.txt").write_text("Another text altogether.")
    (notes / "gone.txt").unlink()
    (notes / "new.txt").write_text("A new note.")
    plan = plan_sync(grove, list_places(grove, ["notes"]), collection="c")
    assert (plan.add, plan.replace) == (["notes/new.txt"], ["notes/changed.txt"])
    assert (plan.unchanged, plan.delete) == (["notes/kept.txt"], ["notes/gone.txt"])
    assert sorted(grove.catalog.sources("c")) == ["notes/changed.txt", "notes/gone.txt", "notes/kept.txt"]
    assert sync(grove, "notes") == {
        "notes/changed.txt": "done",
        "notes/gone.txt": "deleted",
        "notes/kept.txt": "skipped",
        "notes/new.txt": "done",
    }
    assert grove.catalog.sources("c") == ["notes/changed.txt", "notes/kept.txt", "notes/new.txt"]
    found = grove.search("note text altogether", collection="c", retriever="lexical", k=10).passages
    assert {passage.source for passage in found} == set(grove.catalog.sources("c"))
    assert "gone" not in "".join(passage.text for passage in found)


@pytest.mark.usefixtures("fine_clock")
def test_what_is_as_it_was_is_not_even_queued(grove: Grove, notes: Path) -> None:
    (notes / "some.zip").write_bytes(packed({"a.txt": "Packed a.", "b.txt": "Packed b."}))
    (notes / "broken.pdf").write_bytes(b"no PDF")
    sync(grove, "notes")
    assert sync(grove, "notes") == {"notes/broken.pdf": "failed"}, "what failed is tried again"
    assert submit_sync(grove, list_places(grove, ["notes"]), collection="c").num_unchanged == 5
    (notes / "broken.pdf").unlink()
    sync(grove, "notes")
    with pytest.raises(ConflictError, match="late"):
        submit_sync(grove, list_places(grove, ["notes"]), collection="c", kinds=("dense", "late"))
    times = (notes / "changed.txt").stat()
    (notes / "changed.txt").write_text("The note that was altered"[: times.st_size])
    os.utime(notes / "changed.txt", (times.st_atime, times.st_mtime))
    (notes / "kept.txt").touch()
    grove.publisher.delete_documents("c", source="notes/some.zip/b.txt")
    assert sync(grove, "notes") == {
        "notes/changed.txt": "done",
        "notes/kept.txt": "skipped",
        "notes/some.zip/b.txt": "done",
    }, "the bytes tell of what may have changed; what was deleted by hand is back"


def test_what_has_just_come_with_an_old_time_has_no_stamp_yet(grove: Grove, notes: Path) -> None:
    os.utime(notes / "kept.txt", (1e9, 1e9))  # as tar and rsync do
    assert list_places(grove, ["notes"]).files["notes/kept.txt"].stamp is None


@pytest.mark.usefixtures("fine_clock")
def test_what_waits_or_failed_meanwhile_is_queued_though_it_is_as_it_was(grove: Grove, notes: Path) -> None:
    sync(grove, "notes")
    unseen = list_places(grove, ["notes"])
    del unseen.files["notes/kept.txt"]
    waiting = submit_sync(grove, unseen, collection="c").job_id
    assert waiting is not None
    assert sync(grove, "notes") == {"notes/kept.txt": "skipped"}
    assert grove.jobs.job(waiting).state == "cancelled"


@pytest.mark.usefixtures("fine_clock")
def test_an_archive_that_could_not_be_read_for_once_is_no_longer_failed(
    grove: Grove, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (notes / "some.zip").write_bytes(packed({"a.txt": "Packed a.", "b.txt": "Packed b."}))
    sync(grove, "notes")
    with monkeypatch.context() as patch:
        patch.setattr("indexing.archives.content_of", refuse)
        assert sync(grove, "notes") == {"notes/some.zip": "failed"}
    assert failures(grove) == ["notes/some.zip"]
    assert set(sync(grove, "notes")) == {"notes/some.zip/a.txt", "notes/some.zip/b.txt"}
    assert (failures(grove), sync(grove, "notes")) == ([], {})


def test_an_empty_source_deletes_nothing_without_a_persons_word(grove: Grove, notes: Path) -> None:
    sync(grove, "notes")
    for file in notes.iterdir():
        file.unlink()
    synced = submit_sync(grove, list_places(grove, ["notes"]), collection="c")
    assert (synced.job_id, len(synced.withheld)) == (None, 3)
    assert "nothing was found at the source" in str(synced.reason)
    assert len(grove.catalog.sources("c")) == 3
    assert set(sync(grove, "notes", may_delete_many=True).values()) == {"deleted"}
    assert grove.catalog.sources("c") == []


def test_most_documents_are_not_deleted_without_a_persons_word(grove: Grove, notes: Path) -> None:
    for number in range(20):
        (notes / f"{number}.txt").write_text(f"Number {number}.")
    sync(grove, "notes")
    for number in range(15):
        (notes / f"{number}.txt").unlink()
    (notes / "new.txt").write_text("New.")
    fared = sync(grove, "notes")
    assert fared["notes/new.txt"] == "done"
    assert "deleted" not in fared.values()
    assert len(grove.catalog.sources("c")) == 24


def test_of_several_places_the_one_that_is_empty_loses_nothing(
    grove: Grove, notes: Path, tmp_path: Path
) -> None:
    (tmp_path / "share").mkdir()
    for name in "ab":
        (tmp_path / "share" / f"{name}.txt").write_text(f"Shared {name}.")
    sync(grove, "notes", "share")
    for path in (notes / "gone.txt", *(tmp_path / "share").iterdir()):
        path.unlink()
    synced = submit_sync(grove, list_places(grove, ["notes", "share"]), collection="c")
    assert synced.withheld == ["share/a.txt", "share/b.txt"]
    assert "share: nothing was found at the source" in str(synced.reason)
    run_job(grove, synced.job_id)
    assert grove.catalog.sources("c") == [
        "notes/changed.txt",
        "notes/kept.txt",
        "share/a.txt",
        "share/b.txt",
    ]


def test_what_came_from_elsewhere_stays(grove: Grove, notes: Path, tmp_path: Path) -> None:
    (tmp_path / "sent").write_text("Sent.")
    run_job(grove, submit_uploads(grove, [("sent.txt", tmp_path / "sent")], collection="c"))
    (tmp_path / "notes-too").mkdir()
    (tmp_path / "notes-too" / "a.txt").write_text("Another folder.")
    run_job(grove, submit_paths(grove, [Path("notes-too")], collection="c"))
    sync(grove, "notes")
    (notes / "gone.txt").unlink()
    sync(grove, "notes")
    assert grove.catalog.sources("c") == [
        "notes-too/a.txt",
        "notes/changed.txt",
        "notes/kept.txt",
        "sent.txt",
    ]


def test_documents_below_a_folder_that_cannot_be_listed_stay_and_the_job_tells(
    grove: Grove, notes: Path
) -> None:
    (notes / "deep").mkdir()
    (notes / "deep" / "a.txt").write_text("Deep.")
    sync(grove, "notes")
    (notes / "gone.txt").unlink()
    listing = list_places(grove, ["notes"])
    del listing.files["notes/deep/a.txt"]
    listing.unlisted["notes/deep"] = "cannot list the folder: Permission denied"
    synced = submit_sync(grove, listing, collection="c")
    status = run_job(grove, synced.job_id)
    assert status is not None
    fared = {file.source: (file.state, file.error) for file in status.files}
    assert fared["notes/deep"] == ("failed", "cannot list the folder: Permission denied")
    assert "notes/deep/a.txt" in grove.catalog.sources("c")
    assert "notes/gone.txt" not in grove.catalog.sources("c")


def test_a_deletion_that_is_done_again_is_no_error(grove: Grove, notes: Path) -> None:
    sync(grove, "notes")
    for _ in "ab":
        job_id = grove.jobs.submit("c", [JobFile("notes/gone.txt", "", action="delete")])
        status = run_job(grove, job_id)
        assert status is not None
        assert [file.state for file in status.files] == ["deleted"]


def test_a_new_stamp_of_the_same_bytes_is_kept(grove: Grove, notes: Path) -> None:
    file = JobFile("kept.txt", str(notes / "kept.txt"), stamp="one")
    grove.ensure_collection("c")
    run_job(grove, grove.jobs.submit("c", [file]))
    run_job(grove, grove.jobs.submit("c", [JobFile("kept.txt", file.path, stamp="two")]))
    assert grove.publisher.known("c", ["kept.txt"])["kept.txt"].stamp == "two"


def test_a_job_tells_files_bytes_and_pace(grove: Grove, notes: Path) -> None:
    status = run_job(grove, submit_paths(grove, [notes], collection="c"))
    assert status is not None
    assert (status.files_done, status.files_total) == (3, 3)
    assert status.bytes_done == sum(file.stat().st_size for file in notes.iterdir())
    assert status.chunks_done == 3
    assert status.rate_per_second is not None
    assert status.rate_per_second > 0


def test_a_manifest_names_addresses_one_a_line_or_as_json_lines(tmp_path: Path) -> None:
    manifest = tmp_path / "urls.txt"
    manifest.write_text(
        '# pages\nhttps://a.example/x\n\n{"url": "https://b.example/y"}\nhttps://a.example/x\n'
    )
    assert urls_in(manifest) == ["https://a.example/x", "https://b.example/y"]
    manifest.write_bytes(b"\xef\xbb\xbfhttps://a.example/x\r\n")  # as Notepad writes it
    assert urls_in(manifest) == ["https://a.example/x"]
    manifest.write_text("https://a.example/x\nb.example/y\n")
    with pytest.raises(InvalidInputError, match=r"line 2: 'b\.example/y' is no address"):
        urls_in(manifest)


def test_a_listing_of_the_working_folder_speaks_for_no_address() -> None:
    listing = Listing(scopes=["."])
    assert listing.spoken_for(["a.txt", "s3://b/a.txt", "/elsewhere.txt"]) == ["a.txt"]


def test_what_the_installation_keeps_is_no_document(grove: Grove, tmp_path: Path, notes: Path) -> None:
    sync(grove, ".")
    assert sync(grove, ".") == dict.fromkeys(grove.catalog.sources("c"), "skipped")
    assert len(grove.catalog.sources("c")) == 3


@pytest.mark.parametrize("place", ["notes/..", "link"])
def test_what_the_installation_keeps_is_none_by_another_way_either(
    grove: Grove, tmp_path: Path, notes: Path, place: str
) -> None:
    (tmp_path / "link").symlink_to(".")
    grove.settings.home_dir.mkdir(exist_ok=True)
    (grove.settings.home_dir / "own.txt").write_text("Grove's own.")
    listed = [Path(source).name for source in list_places(grove, [place]).files]
    assert sorted(listed) == ["changed.txt", "gone.txt", "kept.txt"]


def test_a_failure_is_listed_until_its_file_is_mended_or_gone(grove: Grove, notes: Path) -> None:
    for name in ("changed.txt", "gone.txt", "a.zip"):
        (notes / name).write_bytes(b"")
    assert set(sync(grove, "notes").values()) == {"done", "failed"}
    assert sorted(failures(grove)) == ["notes/a.zip", "notes/changed.txt", "notes/gone.txt"]
    (notes / "changed.txt").write_text("Mended.")
    (notes / "gone.txt").unlink()
    (notes / "a.zip").write_bytes(packed({"b.txt": b"In the archive."}))
    assert "notes/gone.txt" in plan_sync(grove, list_places(grove, ["notes"]), collection="c").delete
    sync(grove, "notes")
    assert failures(grove) == []
    assert sorted(grove.catalog.sources("c")) == [
        "notes/a.zip/b.txt",
        "notes/changed.txt",
        "notes/kept.txt",
    ]


def test_what_a_job_that_failed_did_not_come_to_has_failed(grove: Grove, notes: Path) -> None:
    job_id = submit_paths(grove, ["notes/kept.txt"], collection="c")
    job = grove.jobs.lease("worker", lease_seconds=60, job_id=job_id)
    assert job is not None
    grove.jobs.finish(job, error="the disk is full")
    (file,) = grove.catalog.documents("c")
    assert (file.status, file.error) == ("failed", "the disk is full")
