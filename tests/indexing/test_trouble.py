"""What goes wrong around a job: a full disk, a database that restarts, others at the same files."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from _findable import content, named_and_present
from _postgres import PostgresServer, start_postgres

from indexing.reindex import submit_reindex
from indexing.submit import submit_paths
from indexing.worker import Progress, run_job
from rag.compose import Grove
from rag.core.errors import UnavailableError

NewGrove = Callable[..., Grove]


@pytest.fixture
def small_disk(grove_home: Path) -> Iterator[Path]:
    """Give a home whose segments are on a disk of one megabyte."""
    segments = grove_home / "segments"
    segments.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(segments)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only an administrator may mount a small disk")
    yield segments
    subprocess.run(["umount", "--lazy", segments], check=True)  # some files are still open


def fill(disk: Path) -> Path:
    """Leave no room on a disk; removing what is given makes room again."""
    ballast = disk / "0"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"0" * 4096)
    return ballast


@pytest.mark.parametrize("kind", ["ingest", "reindex"])
def test_a_full_disk_stops_a_job_blames_no_file_and_leaves_nothing(
    new_grove: NewGrove, small_disk: Path, folder: Path, kind: str
) -> None:
    grove = new_grove()
    run_job(grove, submit_paths(grove, [folder / "text0.txt"], collection="c"))
    ballast = fill(small_disk)
    present = set(small_disk.iterdir())
    is_ingest = kind == "ingest"
    job_id = submit_paths(grove, [folder], collection="c") if is_ingest else submit_reindex(grove, "c")
    for _ in range(2):
        with pytest.raises(UnavailableError, match="is full; free some of it"):
            run_job(grove, job_id)
        assert grove.jobs.job(job_id).state == "queued"
        assert {file.state for file in grove.jobs.job(job_id).files} <= {"queued"}
        assert set(small_disk.iterdir()) == present
    assert len(grove.search("text", collection="c").passages) == 1
    ballast.unlink()
    status = run_job(grove, job_id)
    assert status is not None
    assert status.state == "done"
    assert len(grove.catalog.sources("c")) == (7 if is_ingest else 1)
    named, found = named_and_present(grove)
    assert named == found


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """Give a server that a test may stop."""
    server = start_postgres()
    yield server
    server.stop()


@pytest.mark.postgres
@pytest.mark.usefixtures("postgres_url")  # which skips, or fails, where there is no PostgreSQL
def test_a_database_that_crashes_and_comes_back_costs_nothing(
    new_grove: NewGrove, own_server: PostgresServer, folder: Path
) -> None:
    url = own_server.new_database()
    grove, undisturbed = new_grove(url, lease_seconds=1), new_grove(own_server.new_database())
    run_job(undisturbed, submit_paths(undisturbed, [folder], collection="c"))
    expected = content(undisturbed)
    undisturbed.database.close()
    for step in ("encoded", "staged"):
        job_id = submit_paths(grove, [folder], collection="c")

        def crash(progress: Progress, step: str = step) -> None:
            if progress.step == step:
                own_server.crash()

        with pytest.raises(UnavailableError, match=r"the database .* failed"):
            run_job(grove, job_id, on_progress=crash)
        own_server.start()
        while run_job(grove, job_id) is None:
            threading.Event().wait(0.1)  # for the lease to end
        assert grove.jobs.job(job_id).state == "done"
        assert content(grove) == expected
        named, found = named_and_present(grove)
        assert named == found
        grove.publisher.delete_documents("c")


@pytest.fixture
def grove(database_url: str | None, new_grove: NewGrove) -> Grove:
    return new_grove(database_url)


def test_two_ingests_of_one_file_at_once_make_one_document(grove: Grove, folder: Path) -> None:
    file = folder / "text0.txt"
    jobs = [submit_paths(grove, [file], collection="c")]

    def send_again(progress: Progress) -> None:
        if progress.step == "encoded" and len(jobs) == 1:  # read, and found to be new
            jobs.append(submit_paths(grove, [file], collection="c"))
            run_job(Grove(grove.settings), jobs[1])

    run_job(grove, jobs[0], on_progress=send_again)
    states = [file.state for job_id in jobs for file in grove.jobs.job(job_id).files]
    assert states == ["cancelled", "done"]
    (document,) = grove.catalog.documents("c")
    assert (document.version, document.status) == (1, "ready")
    assert len(grove.search("text number", collection="c", k=100).passages) == 1


@pytest.mark.parametrize("step", ["read", "encoded", "published"])
def test_a_document_deleted_and_sent_again_while_it_is_indexed_is_there_once(
    grove: Grove, folder: Path, step: str
) -> None:
    file = folder / "text0.txt"
    run_job(grove, submit_paths(grove, [file], collection="c"))
    file.write_text("The second text.")
    moments = iter([step])  # once, not in the job that is run below

    def send_again(progress: Progress) -> None:
        if progress.step == step and next(moments, None):
            (source,) = grove.catalog.sources("c")
            grove.publisher.delete_documents("c", source=source)
            file.write_text("The third text.")
            run_job(grove, submit_paths(grove, [file], collection="c"))

    run_job(grove, submit_paths(grove, [file], collection="c"), on_progress=send_again)
    (passage,) = grove.search("text", collection="c", k=100).passages
    assert passage.text == "The third text."
    assert len(grove.catalog.sources("c")) == 1
    named, found = named_and_present(grove)
    assert named == found
