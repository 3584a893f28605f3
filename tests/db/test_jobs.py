import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.core.access import Access
from rag.core.errors import NotFoundError
from rag.db.jobs import JobFile, JobQueue, LeasedJob, LeaseLostError
from rag.db.session import Database

FILES = [JobFile("a", "/files/a"), JobFile("b", "/files/b")]


@pytest.fixture
def queue(database: Database) -> JobQueue:
    return JobQueue(database, Access("default"))


def leased(queue: JobQueue, worker: str = "w", *, lease_seconds: float = 60) -> LeasedJob:
    job = queue.lease(worker, lease_seconds=lease_seconds)
    assert job is not None
    return job


def other_files(number: int) -> list[JobFile]:
    return [JobFile(f"{number}/{file.source}", file.path) for file in FILES]


def finish(queue: JobQueue, database: Database, job: LeasedJob, states: list[str]) -> str:
    with database.write() as session:
        for ordinal, state in enumerate(states):
            queue.mark(session, job, ordinal, state=state)
    queue.finish(job)
    return queue.job(job.job_id).state


def test_a_submitted_job_is_queued_with_its_files(queue: JobQueue) -> None:
    status = queue.job(queue.submit("c", FILES))
    assert (status.state, status.collection, status.finished_at) == ("queued", "c", None)
    assert [(file.source, file.state) for file in status.files] == [("a", "queued"), ("b", "queued")]


def test_a_file_name_that_is_no_unicode_survives(queue: JobQueue) -> None:
    path = b"/files/\xff.txt".decode("utf-8", "surrogateescape")
    queue.submit("c", [JobFile("\\xff.txt", path)])
    assert leased(queue).files[0].path == path


def test_the_oldest_job_is_leased_first(queue: JobQueue) -> None:
    first, second = queue.submit("c", FILES), queue.submit("c", other_files(2))
    assert [leased(queue).job_id, leased(queue).job_id] == [first, second]
    assert queue.lease("w", lease_seconds=60) is None


def test_two_workers_never_lease_the_same_job(queue: JobQueue) -> None:
    submitted = {queue.submit("c", other_files(number)) for number in range(6)}

    def work(worker: int) -> list[str]:
        taken = []
        while (job := queue.lease(str(worker), lease_seconds=60)) is not None:
            taken.append(job.job_id)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [job_id for worker in pool.map(work, range(4)) for job_id in worker]
    # A worker of PostgreSQL may see no free job while another holds the last lock: it asks again later.
    taken += work(5)
    assert sorted(taken) == sorted(submitted)


def test_a_silent_workers_job_is_taken_over_and_it_can_write_nothing_more(
    queue: JobQueue, database: Database
) -> None:
    queue.submit("c", FILES)
    silent = leased(queue, "silent", lease_seconds=0.01)
    time.sleep(0.05)
    assert leased(queue, "next").job_id == silent.job_id
    for write in (queue.finish, queue.release):
        with pytest.raises(LeaseLostError, match="taken over"):
            write(silent)
    with pytest.raises(LeaseLostError):
        queue.heartbeat(silent, lease_seconds=60)
    with pytest.raises(LeaseLostError), database.write() as session:
        queue.hold(session, silent)


def test_a_heartbeat_keeps_the_job(queue: JobQueue) -> None:
    queue.submit("c", FILES)
    job = leased(queue, lease_seconds=0.2)
    queue.heartbeat(job, lease_seconds=60)
    time.sleep(0.25)
    assert queue.lease("other", lease_seconds=60) is None


def test_the_next_worker_gets_only_what_is_left(queue: JobQueue, database: Database) -> None:
    queue.submit("c", FILES)
    job = leased(queue, lease_seconds=0.01)
    with database.write() as session:
        queue.mark(session, job, 0, state="done", document_id="d", chunks=3)
    time.sleep(0.05)
    assert [file.source for file in leased(queue).files.values()] == ["b"]


def test_an_attempt_is_counted_unless_the_worker_stopped_in_order(queue: JobQueue) -> None:
    queue.submit("c", FILES)
    job = leased(queue)
    queue.start_file(job, 0)
    queue.release(job)
    job = leased(queue, lease_seconds=0.01)
    assert job.files[0].attempts == 0
    queue.start_file(job, 0)
    time.sleep(0.05)
    assert [file.attempts for file in leased(queue).files.values()] == [1, 0]


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["done", "done"], "done"),
        (["done", "failed"], "done"),
        (["skipped", "failed"], "done"),
        (["failed", "failed"], "failed"),
    ],
)
def test_a_job_fails_only_when_every_file_did(
    queue: JobQueue, database: Database, states: list[str], state: str
) -> None:
    queue.submit("c", FILES)
    assert finish(queue, database, leased(queue), states) == state
    assert queue.lease("w", lease_seconds=60) is None


def test_a_job_of_which_files_were_left_out_as_unchanged_is_done_in_part(
    queue: JobQueue, database: Database
) -> None:
    queue.submit("c", FILES, num_unchanged=1)
    assert finish(queue, database, leased(queue), ["failed", "failed"]) == "done"
    queue.submit("c", FILES, num_unchanged=1)
    assert finish(queue, database, leased(queue), ["cancelled", "cancelled"]) == "cancelled"


def test_a_refused_file_is_failed_from_the_start(queue: JobQueue) -> None:
    status = queue.job(queue.submit("c", [JobFile("x", "/x", error="no such kind")]))
    assert [(file.state, file.error) for file in status.files] == [("failed", "no such kind")]


def test_jobs_are_listed_newest_first_and_only_to_their_tenant(queue: JobQueue, database: Database) -> None:
    first, second = queue.submit("c", FILES), queue.submit("c", FILES)
    assert [status.job_id for status in queue.jobs()] == [second, first]
    assert [status.job_id for status in queue.jobs(1)] == [second]
    other = JobQueue(database, Access("other"))
    assert other.jobs() == []
    assert other.lease("w", lease_seconds=60) is None
    with pytest.raises(NotFoundError):
        other.job(first)


def test_only_unfinished_jobs_await_their_files(queue: JobQueue, database: Database) -> None:
    job_id = queue.submit("c", FILES)
    assert queue.awaited_paths() == {"/files/a", "/files/b"}
    assert queue.settled_paths(job_id) == ["/files/a", "/files/b"]
    finish(queue, database, leased(queue), ["done", "done"])
    assert queue.awaited_paths() == set()
