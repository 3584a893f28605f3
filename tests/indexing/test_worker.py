import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from indexing.reader import Reader
from indexing.submit import submit_paths
from indexing.worker import Progress, run_job, work_forever
from rag.compose import Grove
from rag.core.errors import NotFoundError
from rag.core.settings import Part
from rag.core.types import Row, Segment, Vector
from rag.db.jobs import JobStatus, LeaseLostError
from rag.db.tables import JobRow
from rag.encoders.hashing import Hashing
from rag.stores.memory import Memory

NewGrove = Callable[..., Grove]
HOSTILE = (sys.executable, str(Path(__file__).parents[1] / "helpers" / "_hostile_reader.py"))


def ingest(grove: Grove, *paths: Path) -> JobStatus:
    status = run_job(grove, submit_paths(grove, paths, collection="c"))
    assert status is not None
    return status


def states(status: JobStatus) -> dict[str, str]:
    return {Path(file.source).name: file.state for file in status.files}


def source_of(status: JobStatus, name: str) -> str:
    return next(file.source for file in status.files if file.source.endswith(name))


def found(grove: Grove, text: str) -> list[str]:
    passages = grove.search(text, collection="c", retriever="lexical", k=100).passages
    return [Path(passage.source).name for passage in passages]


@pytest.fixture
def any_grove(database_url: str | None, new_grove: NewGrove) -> Grove:
    return new_grove(database_url)


def test_there_may_be_nothing_to_do(any_grove: Grove) -> None:
    assert run_job(any_grove) is None


def test_a_job_takes_in_what_it_can_and_says_why_not(any_grove: Grove, folder: Path) -> None:
    status = ingest(any_grove, folder)
    assert status.state == "done"
    assert states(status) == {
        "broken.pdf": "failed",
        "nested.md": "done",
        **{f"text{number}.txt": "done" for number in range(6)},
    }
    (failed,) = (file for file in status.files if file.state == "failed")
    assert "it is no PDF" in str(failed.error)
    assert found(any_grove, "cccc") == ["text2.txt"]


def test_what_is_unchanged_is_skipped(any_grove: Grove, folder: Path) -> None:
    first = ingest(any_grove, folder)
    before = any_grove.catalog.snapshot("c")
    again = ingest(any_grove, folder)
    assert set(states(again).values()) == {"skipped", "failed"}
    assert {file.document_id for file in again.files} == {file.document_id for file in first.files}
    assert any_grove.catalog.snapshot("c") == before


def test_a_changed_file_takes_the_place_of_its_former_version(any_grove: Grove, folder: Path) -> None:
    ingest(any_grove, folder)
    (folder / "text2.txt").write_text("Now about gggg.")
    assert states(ingest(any_grove, folder))["text2.txt"] == "done"
    assert found(any_grove, "cccc") == []
    assert found(any_grove, "gggg") == ["text2.txt"]


def test_what_is_deleted_is_found_no_more(any_grove: Grove, folder: Path) -> None:
    status = ingest(any_grove, folder)
    any_grove.publisher.delete_documents("c", source=source_of(status, "text5.txt"))
    assert found(any_grove, "ffff") == []
    assert found(any_grove, "aaaa") == ["text0.txt"]
    any_grove.publisher.delete_documents("c")
    with pytest.raises(NotFoundError):
        any_grove.search("aaaa", collection="c")


def test_progress_counts_up_to_all_files(grove: Grove, folder: Path) -> None:
    seen: list[Progress] = []
    run_job(grove, submit_paths(grove, [folder], collection="c"), on_progress=seen.append)
    assert [seen[0].step, seen[-1].step] == ["leased", "finished"]
    assert (seen[-1].files_done, seen[-1].num_files) == (8, 8)
    assert seen[-1].chunks_encoded == seen[-1].chunks_read == 7
    assert [step.files_done for step in seen] == sorted(step.files_done for step in seen)


def test_two_workers_with_the_same_files_double_nothing(any_grove: Grove, folder: Path) -> None:
    for _ in range(4):
        submit_paths(any_grove, [folder], collection="c")

    def work() -> None:
        while run_job(any_grove) is not None:
            pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work()
    assert [status.state for status in any_grove.jobs.jobs()] == ["done", *["cancelled"] * 3]
    done = [file for status in any_grove.jobs.jobs() for file in status.files if file.state == "done"]
    assert len(done) == 7
    (summary,) = any_grove.catalog.collections()
    assert (summary.documents, summary.chunks) == (7, 7)
    assert len(found(any_grove, "text number")) == 6


class Choosy(Memory):
    """A store that breaks on certain words."""

    def stage(self, rows: Iterable[Row], *, session: Session) -> Segment:
        rows = list(rows)
        if any("cccc" in row.text for row in rows):
            raise RuntimeError("this text is not to my taste")
        return super().stage(rows, session=session)


def test_a_file_that_breaks_the_store_fails_alone(new_grove: NewGrove, folder: Path) -> None:
    grove = new_grove()
    grove.store = Choosy()
    status = ingest(grove, folder)
    failed = {Path(file.source).name: file.error for file in status.files if file.state == "failed"}
    assert failed["text2.txt"] == "unexpected RuntimeError: this text is not to my taste"
    assert sorted(failed) == ["broken.pdf", "text2.txt"]
    assert len(found(grove, "text number")) == 5


def test_a_collection_deleted_under_a_job_stays_deleted(grove: Grove, folder: Path) -> None:
    def delete(progress: Progress) -> None:
        if progress.step == "encoded" and grove.catalog.collections():
            grove.publisher.delete_documents("c")

    status = run_job(grove, submit_paths(grove, [folder], collection="c"), on_progress=delete)
    assert status is not None
    assert (status.state, set(states(status).values())) == ("cancelled", {"cancelled"})
    assert grove.catalog.collections() == []


def test_files_for_a_collection_of_another_encoder_fail(grove: Grove, folder: Path) -> None:
    job_id = submit_paths(grove, [folder], collection="c")
    other = Part(kind="hashing", options={"dim": 64})
    status = run_job(Grove(grove.settings.model_copy(update={"encoder": other})), job_id)
    assert status is not None
    assert status.state == "failed"
    assert "was indexed with hashing-256" in str(status.files[0].error)


def test_a_stopped_worker_gives_the_job_back_at_once(grove: Grove, folder: Path) -> None:
    stop = threading.Event()
    job_id = submit_paths(grove, [folder], collection="c")
    status = run_job(grove, job_id, on_progress=lambda _: stop.set(), stop=stop)
    assert status is not None
    assert status.state == "queued"
    finished = run_job(grove, job_id)
    assert finished is not None
    assert finished.state == "done"
    assert len(found(grove, "text number")) == 6


def test_an_interrupted_command_gives_the_job_back_at_once(grove: Grove, folder: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.step == "published":
            raise KeyboardInterrupt

    job_id = submit_paths(grove, [folder], collection="c")
    with pytest.raises(KeyboardInterrupt):
        run_job(grove, job_id, on_progress=interrupt)
    assert grove.jobs.job(job_id).state == "queued"
    finished = run_job(grove, job_id)
    assert finished is not None
    assert states(finished)["text5.txt"] == "done"


@pytest.mark.parametrize("is_interrupted", [True, False])
def test_who_stops_does_not_wait_for_a_file_that_takes_long(
    grove: Grove, folder: Path, is_interrupted: bool
) -> None:
    (folder / "slow.hang").write_text("Takes a minute.")
    stop = threading.Event()

    def interrupt(progress: Progress) -> None:
        if progress.step == "published":
            if is_interrupted:
                raise KeyboardInterrupt
            stop.set()

    job_id = submit_paths(grove, [folder, folder / "slow.hang"], collection="c")
    started = time.monotonic()
    with Reader(max_seconds=100, max_bytes=300_000_000, command=HOSTILE) as reader:
        with suppress(KeyboardInterrupt):
            run_job(grove, job_id, on_progress=interrupt, stop=stop, reader=reader)
    assert time.monotonic() - started < 30
    assert {"done", "queued"} <= {file.state for file in grove.jobs.job(job_id).files}


class Slow(Hashing):
    """An encoder that takes longer than the lease."""

    def encode(self, texts: Sequence[str]) -> Vector:
        time.sleep(1.0)
        return super().encode(texts)


def test_a_slow_worker_keeps_its_job_by_its_heartbeat(new_grove: NewGrove, folder: Path) -> None:
    grove = new_grove(lease_seconds=0.5)
    grove.encoder = Slow()
    others: list[JobStatus | None] = []

    def try_to_take_over(progress: Progress) -> None:
        if progress.step == "encoding":
            others.append(run_job(new_grove(lease_seconds=0.5)))

    job_id = submit_paths(grove, [folder / "text0.txt"], collection="c")
    run_job(grove, job_id, on_progress=try_to_take_over)
    assert others == [None]
    assert grove.jobs.job(job_id).state == "done"


def test_a_worker_that_lost_its_lease_publishes_nothing(grove: Grove, folder: Path) -> None:
    def be_late(progress: Progress) -> None:
        # As if this process had slept over the end of its lease, and another had taken the job.
        if progress.step == "encoded":
            with grove.database.write() as session:
                session.execute(update(JobRow).values(worker="other"))

    job_id = submit_paths(grove, [folder / "text0.txt"], collection="c")
    with pytest.raises(LeaseLostError, match="taken over"):
        run_job(grove, job_id, on_progress=be_late)
    assert found(grove, "text number") == []
    assert grove.jobs.job(job_id).state == "running"


def test_a_worker_runs_jobs_as_they_come_until_it_is_stopped(grove: Grove, folder: Path) -> None:
    stop = threading.Event()
    worker = threading.Thread(target=work_forever, args=(grove, stop))
    worker.start()
    jobs = [submit_paths(grove, [folder / f"text{number}.txt"], collection="c") for number in range(2)]
    deadline = time.monotonic() + 20
    while any(grove.jobs.job(job_id).state != "done" for job_id in jobs):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    stop.set()
    worker.join(timeout=10)
    assert not worker.is_alive()


def test_a_segment_that_nothing_names_is_removed_by_the_next_job(grove: Grove, folder: Path) -> None:
    orphan = grove.settings.home_dir / "segments" / ("f" * 32)
    orphan.mkdir(parents=True)
    os.utime(orphan, (0, 0))
    ingest(grove, folder / "text0.txt")
    assert not orphan.exists()
