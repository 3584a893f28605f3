"""A file that was removed is in no collection, however far the job was that takes it in."""

import io
from collections.abc import Callable

import pytest

from indexing.attach import attach, keep_file, remove_file
from indexing.worker import Progress, run_job
from rag.compose import Grove
from rag.db.files import StoredFile


@pytest.fixture
def grove(database_url: str | None, new_grove: Callable[..., Grove]) -> Grove:
    return new_grove(database_url)


def attached(grove: Grove, *collections: str) -> tuple[StoredFile, list[str]]:
    file = keep_file(grove, "note.txt", io.BytesIO(b"A note."), purpose="assistants")
    for collection in collections:
        grove.ensure_collection(collection)
    return file, [attach(grove, collection, [file.file_id]) for collection in collections]


def test_a_file_that_is_removed_while_it_is_read_is_not_taken_in(grove: Grove) -> None:
    file, (job_id,) = attached(grove, "c")

    def remove(progress: Progress) -> None:
        if progress.step == "encoded":
            remove_file(grove, file)

    status = run_job(grove, job_id, on_progress=remove)
    assert status is not None
    assert [each.state for each in status.files] == ["cancelled"]
    assert grove.catalog.sources("c") == []


def test_what_waits_of_a_removed_file_is_cancelled_in_every_collection(grove: Grove) -> None:
    file, job_ids = attached(grove, "a", "b", "c")
    run_job(grove, job_ids[0])
    other, (other_job,) = attached(grove, "c")
    remove_file(grove, file)
    assert [grove.jobs.job(job_id).state for job_id in job_ids] == ["done", "cancelled", "cancelled"]
    assert [grove.catalog.sources(name) for name in "abc"] == [[], [], []]
    run_job(grove, other_job)
    assert grove.catalog.sources("c") == [f"{other.file_id}/note.txt"]
