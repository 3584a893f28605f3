"""Jobs that a person pauses, resumes, cancels and retries while a worker runs them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from _http import client_of

from indexing.control import cancel_job, retry_job
from indexing.submit import remove_orphans, submit_paths
from indexing.worker import Progress, run_job
from rag.compose import Grove
from rag.db.jobs import JobStatus

NewGrove = Callable[..., Grove]


@pytest.fixture
def grove(database_url: str | None, new_grove: NewGrove) -> Grove:
    return new_grove(database_url, batch_chunks=1)


@pytest.fixture
def job_id(grove: Grove, folder: Path) -> str:
    (folder / "broken.pdf").unlink()
    return submit_paths(grove, [folder], collection="c")


def run(grove: Grove, job_id: str, *, at: str = "", act: Callable[[], None] = lambda: None) -> JobStatus:
    """Run a job and do something once, when a step is reached for the second time."""
    seen: list[str] = []

    def on_progress(progress: Progress) -> None:
        seen.append(progress.step)
        if progress.step == at and seen.count(at) == 2:
            act()

    status = run_job(grove, job_id, on_progress=on_progress)
    assert status is not None
    return status


def counts(status: JobStatus) -> dict[str, int]:
    found = [file.state for file in status.files]
    return {state: found.count(state) for state in sorted(set(found))}


def num_found(grove: Grove) -> int:
    return len(grove.search("text number note", collection="c", k=100).passages)


@pytest.mark.parametrize("step", ["read", "encoding", "published"])
def test_a_worker_obeys_a_pause_within_one_batch_and_a_resumed_job_is_finished(
    grove: Grove, job_id: str, step: str
) -> None:
    status = run(grove, job_id, at=step, act=lambda: grove.job_control.pause(job_id))
    num_done = 2 if step == "published" else 1
    assert (status.state, counts(status)) == ("paused", {"done": num_done, "queued": 7 - num_done})
    assert num_found(grove) == num_done
    assert run_job(grove) is None
    grove.job_control.resume(job_id)
    status = run(grove, job_id)
    assert (status.state, counts(status)) == ("done", {"done": 7})
    assert num_found(grove) == 7


def test_a_cancelled_job_ends_within_one_batch_and_keeps_what_it_did(grove: Grove, job_id: str) -> None:
    status = run(grove, job_id, at="encoded", act=lambda: cancel_job(grove, job_id))
    assert (status.state, counts(status)) == ("cancelled", {"cancelled": 6, "done": 1})
    assert num_found(grove) == 1
    assert run_job(grove, job_id) is None


def test_a_failed_file_is_taken_in_once_it_is_mended(grove: Grove, folder: Path) -> None:
    mended = folder / "text0.txt"
    content = mended.read_bytes()
    mended.write_bytes(b"")
    job_id = submit_paths(grove, [folder], collection="c")
    assert counts(run(grove, job_id)) == {"done": 6, "failed": 2}
    mended.write_bytes(content)
    retry_job(grove, job_id)
    status = run(grove, job_id)
    assert (status.state, counts(status)) == ("done", {"done": 7, "failed": 1})
    assert num_found(grove) == 7


def test_an_upload_that_failed_can_be_retried_and_one_that_succeeded_is_removed(
    new_grove: NewGrove,
) -> None:
    grove = new_grove()
    uploads = grove.settings.home_dir / "uploads"
    reply = client_of(grove).post(
        "/api/v1/collections/c/documents",
        files=[("files", ("a.txt", b"words")), ("files", ("b.pdf", b"no"))],
    )
    job_id = reply.json()["job_id"]
    run(grove, job_id)
    assert len(list(uploads.iterdir())) == 1
    remove_orphans(grove)
    retry_job(grove, job_id)
    assert "it is no PDF" in str(run(grove, job_id).files[1].error)
