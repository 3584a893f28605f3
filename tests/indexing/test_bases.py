"""Equal relative paths of two folders are two files: neither replaces or deletes the other's document."""

from collections.abc import Callable
from pathlib import Path

import pytest
from _mail_files import packed

from indexing.listing import list_places
from indexing.submit import submit_paths, submit_uploads
from indexing.sync import plan_sync, submit_sync
from indexing.worker import run_job
from rag.compose import Grove
from rag.db.jobs import JobStatus

Enter = Callable[[str], Path]


@pytest.fixture
def grove(database_url: str | None, new_grove: Callable[..., Grove]) -> Grove:
    return new_grove(database_url)


@pytest.fixture
def enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Enter:
    """Give what makes a folder the working folder; each has a `notes.txt`."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text(f"The notes of {name}.")

    def entered(name: str) -> Path:
        monkeypatch.chdir(tmp_path / name)
        return tmp_path / name

    return entered


def states(status: JobStatus | None) -> dict[str, str]:
    assert status is not None
    return {file.source: file.error or file.state for file in status.files}


def ingest(grove: Grove, *places: str | Path) -> dict[str, str]:
    return states(run_job(grove, submit_paths(grove, places, collection="c")))


def sync(grove: Grove, *places: str) -> dict[str, str]:
    synced = submit_sync(grove, list_places(grove, places), collection="c", may_delete_many=True)
    return states(run_job(grove, synced.job_id)) if synced.job_id else {}


def texts(grove: Grove) -> dict[str, str]:
    return {text.source: text.text for text in grove.catalog.texts("c")}


def test_a_file_does_not_replace_one_of_the_same_name_in_another_folder(grove: Grove, enter: Enter) -> None:
    enter("one")
    assert ingest(grove, "notes.txt") == {"notes.txt": "done"}
    two = enter("two")
    error = ingest(grove, "notes.txt")["notes.txt"]
    assert "one/notes.txt' already, and this is another file: give its whole path" in error
    assert ingest(grove, two) == {f"{two}/notes.txt": "done"}
    assert texts(grove) == {"notes.txt": "The notes of one.", f"{two}/notes.txt": "The notes of two."}
    enter("one")
    assert ingest(grove, "notes.txt") == {"notes.txt": "skipped"}


def test_a_file_of_the_same_bytes_in_another_folder_is_in_already(grove: Grove, enter: Enter) -> None:
    one = enter("one")
    ingest(grove, "notes.txt")
    (enter("two") / "notes.txt").write_text((one / "notes.txt").read_text())
    assert ingest(grove, "notes.txt") == {"notes.txt": "skipped"}
    (one / "notes.txt").unlink()
    enter("one")
    assert sync(grove, ".") == {"notes.txt": "deleted"}


def test_what_waits_is_not_overtaken_from_another_folder(grove: Grove, enter: Enter) -> None:
    enter("one")
    first = submit_paths(grove, ["notes.txt"], collection="c")
    enter("two")
    second = submit_paths(grove, ["notes.txt"], collection="c")
    assert states(run_job(grove, first)) == {"notes.txt": "done"}
    assert "another file" in states(run_job(grove, second))["notes.txt"]


def test_the_members_of_archives_are_told_apart_too(grove: Grove, enter: Enter) -> None:
    for name in ("one", "two"):
        (enter(name) / "a.zip").write_bytes(packed({"x.txt": f"In {name}.".encode()}))
        fared = ingest(grove, "a.zip")
    assert "another file" in fared["a.zip/x.txt"]
    assert texts(grove) == {"a.zip/x.txt": "In one."}


def test_a_folder_that_was_moved_takes_its_documents_along(
    grove: Grove, enter: Enter, tmp_path: Path
) -> None:
    enter("one")
    ingest(grove, "notes.txt")
    (tmp_path / "one").rename(tmp_path / "moved")
    (enter("moved") / "notes.txt").write_text("The notes, moved.")
    assert ingest(grove, "notes.txt") == {"notes.txt": "done"}
    (tmp_path / "moved" / "notes.txt").unlink()
    assert sync(grove, ".") == {"notes.txt": "deleted"}


def test_synchronising_a_folder_leaves_the_documents_of_another_alone(grove: Grove, enter: Enter) -> None:
    (enter("one") / "only.txt").write_text("Only here.")
    ingest(grove, ".")
    enter("two")
    plan = plan_sync(grove, list_places(grove, ["."]), collection="c")
    assert (plan.unchanged, plan.replace, plan.delete) == (["notes.txt"], [], [])
    assert "another file" in sync(grove, ".")["notes.txt"]
    assert {document.status for document in grove.catalog.documents("c")} == {"ready"}
    assert set(texts(grove)) == {"notes.txt", "only.txt"}


def test_synchronising_leaves_alone_what_was_sent(grove: Grove, enter: Enter, tmp_path: Path) -> None:
    (tmp_path / "sent").write_text("Sent.")
    run_job(grove, submit_uploads(grove, [("sent.txt", tmp_path / "sent")], collection="c"))
    enter("one")
    assert sync(grove, ".") == {"notes.txt": "done"}
    assert set(texts(grove)) == {"notes.txt", "sent.txt"}


def test_what_was_sent_and_a_file_in_a_folder_do_not_replace_each_other(
    grove: Grove, enter: Enter, tmp_path: Path
) -> None:
    def send(name: str, text: str) -> dict[str, str]:
        (tmp_path / "sent").write_text(text)
        return states(run_job(grove, submit_uploads(grove, [(name, tmp_path / "sent")], collection="c")))

    one = enter("one")
    (one / "other.txt").write_text("Another note of one.")
    assert ingest(grove, "notes.txt") == {"notes.txt": "done"}
    assert "in a folder already, and this is another file" in send("notes.txt", "Sent.")["notes.txt"]
    assert send("notes.txt", "The notes of one.") == {"notes.txt": "skipped"}
    assert send("other.txt", "Sent.") == {"other.txt": "done"}
    assert send("other.txt", "Sent anew.") == {"other.txt": "done"}
    fared = sync(grove, ".")
    assert "was sent already, and this is another file" in fared.pop("other.txt")
    assert fared == {"notes.txt": "skipped"}
    assert texts(grove) == {"notes.txt": "The notes of one.", "other.txt": "Sent anew."}
    assert {document.status for document in grove.catalog.documents("c")} == {"ready"}
