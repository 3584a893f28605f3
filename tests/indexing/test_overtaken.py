"""A job that was left lying does not undo what was submitted or deleted after it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from _mail_files import packed

from indexing.control import retry_job
from indexing.listing import Listing, list_places
from indexing.submit import submit_paths
from indexing.sync import submit_sync
from indexing.worker import Progress, run_job
from rag.compose import Grove
from rag.core.errors import ConflictError
from rag.db.jobs import JobStatus


@pytest.fixture
def grove(database_url: str | None, new_grove: Callable[..., Grove]) -> Grove:
    return new_grove(database_url)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    for name in ("a", "b"):
        (tmp_path / "notes" / f"{name}.md").write_text(f"The note {name}.")
    return tmp_path / "notes"


def left_lying(grove: Grove) -> str:
    return submit_paths(grove, ["notes"], collection="c")


def failures(grove: Grove) -> list[str]:
    return [document.source for document in grove.catalog.documents("c") if document.status == "failed"]


def sync(grove: Grove) -> str:
    job_id = submit_sync(grove, list_places(grove, ["notes"]), collection="c").job_id
    assert job_id is not None
    return job_id


def run_what_is_left(grove: Grove) -> None:
    while run_job(grove) is not None:
        pass


def fared(status: JobStatus | None) -> tuple[str, list[str]]:
    assert status is not None
    return status.state, [file.state for file in status.files]


def test_a_document_deleted_after_a_newer_submission_stays_deleted(grove: Grove, notes: Path) -> None:
    old = left_lying(grove)
    run_job(grove, left_lying(grove))
    assert fared(grove.jobs.job(old)) == ("cancelled", ["cancelled", "cancelled"])
    grove.publisher.delete_documents("c", source="notes/a.md")
    run_what_is_left(grove)
    assert grove.catalog.sources("c") == ["notes/b.md"]


def test_a_deleted_collection_stays_deleted(grove: Grove, notes: Path) -> None:
    left_lying(grove)
    paused = submit_paths(grove, [notes], collection="c")
    grove.job_control.pause(paused)
    grove.publisher.delete_documents("c")
    with pytest.raises(ConflictError, match="is cancelled"):
        grove.job_control.resume(paused)
    run_what_is_left(grove)
    assert grove.catalog.collections() == []


def test_a_collection_that_is_deleted_when_its_job_begins_stays_deleted(grove: Grove, notes: Path) -> None:
    def delete(progress: Progress) -> None:
        if progress.step == "leased":
            grove.publisher.delete_documents("c")

    job_id = left_lying(grove)
    assert fared(run_job(grove, job_id, on_progress=delete)) == ("cancelled", ["cancelled", "cancelled"])
    assert grove.catalog.collections() == []


def test_what_waits_of_a_deleted_document_is_cancelled(grove: Grove, notes: Path) -> None:
    job_id = left_lying(grove)
    grove.publisher.delete_documents("c", source="notes/a.md")
    assert fared(run_job(grove, job_id)) == ("done", ["cancelled", "done"])
    (notes / "b.md").write_text("Another text.")
    job_id = left_lying(grove)
    grove.publisher.delete_document(grove.publisher.known("c", ["notes/b.md"])["notes/b.md"].document_id)
    assert fared(run_job(grove, job_id)) == ("done", ["done", "cancelled"])


def test_a_newer_submission_overtakes_a_deletion(grove: Grove, notes: Path) -> None:
    run_job(grove, sync(grove))
    text = (notes / "a.md").read_text()
    (notes / "a.md").unlink()
    sync(grove)
    (notes / "a.md").write_text(text)
    run_job(grove, sync(grove))
    run_what_is_left(grove)
    assert grove.catalog.sources("c") == ["notes/a.md", "notes/b.md"]


def test_a_file_that_is_back_is_not_deleted(grove: Grove, notes: Path) -> None:
    run_job(grove, sync(grove))
    text = (notes / "a.md").read_text()
    (notes / "a.md").unlink()
    job_id = sync(grove)
    (notes / "a.md").write_text(text)
    assert fared(run_job(grove, job_id)) == ("done", ["skipped", "skipped"])
    assert grove.catalog.sources("c") == ["notes/a.md", "notes/b.md"]


def test_a_file_that_is_back_before_its_deletion_is_queued_is_not_deleted(
    grove: Grove, notes: Path
) -> None:
    run_job(grove, sync(grove))
    text = (notes / "a.md").read_text()
    (notes / "a.md").unlink()
    listing = list_places(grove, ["notes"])
    (notes / "a.md").write_text(text)
    synced = submit_sync(grove, listing, collection="c")
    assert fared(run_job(grove, synced.job_id)) == ("done", ["skipped", "skipped"])
    assert grove.catalog.sources("c") == ["notes/a.md", "notes/b.md"]


def test_what_is_there_and_would_not_be_listed_under_its_name_is_deleted(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = Listing(base=notes.parent, scopes=["notes"], home=(notes / "home").resolve())
    assert listing.deletion("notes/gone.md").path
    assert listing.deletion("notes/a.md").path
    assert listing.deletion("notes/home/own.md").path == ""
    monkeypatch.setattr("os.path.lexists", lambda _: True)  # as where A.md and a.md are one file
    assert listing.deletion("notes/A.md").path == ""


def test_a_link_in_the_place_of_a_file_does_not_keep_its_document(grove: Grove, notes: Path) -> None:
    run_job(grove, sync(grove))
    (notes / "a.md").unlink()
    (notes / "a.md").symlink_to("b.md")
    run_job(grove, sync(grove))
    assert grove.catalog.sources("c") == ["notes/b.md"]


def test_a_worker_leaves_out_what_is_overtaken_while_it_has_it_in_hand(grove: Grove, notes: Path) -> None:
    newer: list[str] = []

    def overtake(progress: Progress) -> None:
        if progress.step == "encoded" and not newer:
            (notes / "a.md").write_text("The note a, as it is now.")
            newer.append(submit_paths(grove, ["notes/a.md"], collection="c"))
            run_job(grove, newer[0])
            grove.publisher.delete_documents("c", source="notes/a.md")

    assert fared(run_job(grove, left_lying(grove), on_progress=overtake)) == ("done", ["cancelled", "done"])
    assert grove.catalog.sources("c") == ["notes/b.md"]


def test_other_collections_and_sources_are_left_alone(grove: Grove, notes: Path) -> None:
    job_id = left_lying(grove)
    submit_paths(grove, ["notes/a.md"], collection="other")
    submit_paths(grove, ["notes/a.md"], collection="c")
    assert fared(grove.jobs.job(job_id)) == ("queued", ["cancelled", "queued"])


def waiting(grove: Grove, *places: str) -> str:
    return submit_paths(grove, places, collection="c")


def test_what_left_an_archive_is_not_brought_back_by_an_older_job(grove: Grove, notes: Path) -> None:
    (notes / "x.zip").write_bytes(packed({"stays.txt": b"Stays.", "leaves.txt": b"Leaves."}))
    old = waiting(grove, "notes")
    (notes / "x.zip").write_bytes(packed({"stays.txt": b"Stays."}))
    (notes / "b.md").unlink()
    run_job(grove, sync(grove))
    assert set(fared(grove.jobs.job(old))[1]) == {"cancelled"}
    run_what_is_left(grove)
    assert grove.catalog.sources("c") == ["notes/a.md", "notes/x.zip/stays.txt"]


def test_what_an_archive_had_is_taken_in_where_nothing_was_synchronised(grove: Grove, notes: Path) -> None:
    (notes / "x.zip").write_bytes(packed({"stays.txt": b"Stays.", "leaves.txt": b"Leaves."}))
    waiting(grove, "notes/x.zip")
    (notes / "x.zip").write_bytes(packed({"stays.txt": b"Stays."}))
    waiting(grove, "notes/x.zip")
    run_what_is_left(grove)
    assert grove.catalog.sources("c") == ["notes/x.zip/leaves.txt", "notes/x.zip/stays.txt"]


def test_a_retry_leaves_out_what_was_submitted_since(grove: Grove, notes: Path) -> None:
    for name in ("a", "b"):
        (notes / f"{name}.md").write_bytes(b"")
    old = left_lying(grove)
    run_job(grove, old)
    (notes / "a.md").write_text("The note a.")
    newer = waiting(grove, "notes/a.md")
    run_job(grove, newer)
    (notes / "a.md").write_text("Another note a.")
    (notes / "b.md").write_text("The note b.")
    retry_job(grove, old)
    assert fared(run_job(grove, old)) == ("done", ["failed", "done"])
    with pytest.raises(ConflictError, match=f"submitted again since, last in job {newer}"):
        retry_job(grove, old)


@pytest.mark.parametrize("of_all", [True, False])
def test_a_failed_file_can_be_deleted_and_is_not_retried(grove: Grove, notes: Path, of_all: bool) -> None:
    (notes / "a.md").write_bytes(b"")
    old = left_lying(grove)
    run_job(grove, old)
    assert failures(grove) == ["notes/a.md"]
    grove.publisher.delete_documents("c", source=None if of_all else "notes/a.md")
    (notes / "a.md").write_text("The note a.")
    with pytest.raises(ConflictError, match="nothing of job"):
        retry_job(grove, old)
    if not of_all:
        assert (failures(grove), grove.catalog.sources("c")) == ([], ["notes/b.md"])
