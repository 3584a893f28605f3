import pytest
from sqlalchemy import delete

from rag.core.access import Access
from rag.core.errors import ConflictError, NotFoundError
from rag.db.job_control import JobControl
from rag.db.jobs import JobFile, JobHaltedError, JobQueue, LeasedJob
from rag.db.session import Database
from rag.db.tables import JobRow

FILES = [JobFile("a", "/files/a"), JobFile("b", "/files/b")]


@pytest.fixture
def queue(database: Database) -> JobQueue:
    return JobQueue(database, Access("default"))


@pytest.fixture
def control(database: Database) -> JobControl:
    return JobControl(database, Access("default"))


def leased(queue: JobQueue) -> LeasedJob:
    job = queue.lease("w", lease_seconds=60)
    assert job is not None
    return job


def finished(queue: JobQueue, database: Database, *states: str) -> str:
    job_id = queue.submit("c", FILES)
    job = leased(queue)
    with database.write() as session:
        for ordinal, state in enumerate(states):
            error = "why" if state == "failed" else None
            queue.mark(session, job, ordinal, state=state, error=error)
    queue.finish(job)
    return job_id


def states(queue: JobQueue, job_id: str) -> tuple[str, list[str]]:
    status = queue.job(job_id)
    return status.state, [file.state for file in status.files]


def test_a_paused_job_is_leased_only_after_it_is_resumed(queue: JobQueue, control: JobControl) -> None:
    job_id = queue.submit("c", FILES)
    control.pause(job_id)
    control.pause(job_id)  # it is already
    assert queue.lease("w", lease_seconds=60) is None
    assert queue.lease("w", lease_seconds=60, job_id=job_id) is None
    control.resume(job_id)
    assert leased(queue).job_id == job_id


@pytest.mark.parametrize("act", [JobControl.pause, JobControl.cancel])
def test_a_halted_jobs_worker_can_write_nothing_more(
    queue: JobQueue, control: JobControl, database: Database, act: object
) -> None:
    job_id = queue.submit("c", FILES)
    job = leased(queue)
    queue.start_file(job, 0)
    act(control, job_id)  # type: ignore[operator]
    with pytest.raises(JobHaltedError, match=r"was (paused|cancelled)"), database.write() as session:
        queue.hold(session, job)
    for write in (queue.finish, queue.release):
        with pytest.raises(JobHaltedError):
            write(job)
    with pytest.raises(JobHaltedError):
        queue.start_file(job, 1)
    with pytest.raises(JobHaltedError):
        queue.heartbeat(job, lease_seconds=60)


def test_a_job_that_is_gone_halts_its_worker(queue: JobQueue, database: Database) -> None:
    queue.submit("c", FILES)
    job = leased(queue)
    with database.write() as session:
        session.execute(delete(JobRow))
    with pytest.raises(JobHaltedError, match="is gone"):
        queue.heartbeat(job, lease_seconds=60)


def test_only_what_changed_nothing_is_forgotten(
    queue: JobQueue, control: JobControl, database: Database
) -> None:
    in_part = finished(queue, database, "done", "failed")
    in_vain = finished(queue, database, "skipped", "failed")
    cancelled = queue.submit("c", FILES)
    control.cancel(cancelled)
    last = queue.submit("c", FILES)
    for job_id in (in_part, in_vain, cancelled):
        control.forget_overtaken(job_id, by=last)
    assert states(queue, in_part) == ("done", ["done"])
    assert states(queue, cancelled) == ("cancelled", ["cancelled", "cancelled"])
    assert [job.job_id for job in queue.jobs()] == [last, cancelled, in_part]


def test_to_be_paused_is_no_attempt(queue: JobQueue, control: JobControl) -> None:
    job_id = queue.submit("c", FILES)
    queue.start_file(leased(queue), 0)
    control.pause(job_id)
    control.resume(job_id)
    assert [file.attempts for file in leased(queue).files.values()] == [0, 0]


def test_a_cancelled_job_keeps_what_it_did(
    queue: JobQueue, control: JobControl, database: Database
) -> None:
    job_id = queue.submit("c", FILES)
    job = leased(queue)
    with database.write() as session:
        queue.mark(session, job, 0, state="done", document_id="d", chunks=3)
    control.cancel(job_id)
    assert states(queue, job_id) == ("cancelled", ["done", "cancelled"])
    assert queue.job(job_id).finished_at is not None
    assert (queue.job(job_id).files_done, queue.job(job_id).files_total) == (1, 2)
    assert queue.awaited_paths() == set()


def test_a_retry_takes_the_failed_files_alone(
    queue: JobQueue, control: JobControl, database: Database
) -> None:
    job_id = finished(queue, database, "done", "failed")
    assert queue.awaited_paths() == {"/files/b"}
    assert queue.settled_paths(job_id) == ["/files/a"]
    control.retry(job_id)
    assert states(queue, job_id) == ("queued", ["done", "queued"])
    assert queue.job(job_id).finished_at is None
    assert [(file.source, file.attempts) for file in leased(queue).files.values()] == [("b", 0)]


def test_a_failed_rebuilding_can_be_retried(queue: JobQueue, control: JobControl) -> None:
    job_id = queue.submit_reindex("c")
    queue.finish(leased(queue), error="no such collection")
    assert (queue.job(job_id).state, queue.job(job_id).error) == ("failed", "no such collection")
    control.retry(job_id)
    assert (queue.job(job_id).state, queue.job(job_id).error) == ("queued", None)


def test_a_collection_has_one_unfinished_rebuilding(queue: JobQueue, control: JobControl) -> None:
    first = queue.submit_reindex("c")
    assert queue.submit_reindex("c") == first
    assert queue.submit_reindex("d") != first
    control.cancel(first)
    assert queue.submit_reindex("c") != first


@pytest.mark.parametrize(
    ("before", "act", "is_taken"),
    [
        ("queued", "resume", "paused"),
        ("done", "pause", "paused or queued or running"),
        ("done", "cancel", "paused or queued or running"),
        ("queued", "retry", "done or failed"),
    ],
)
def test_what_cannot_be_done_to_a_job_is_said(
    queue: JobQueue, control: JobControl, database: Database, before: str, act: str, is_taken: str
) -> None:
    job_id = finished(queue, database, "done", "done") if before == "done" else queue.submit("c", FILES)
    with pytest.raises(ConflictError, match=f"is {before}; this takes one that is {is_taken}"):
        getattr(control, act)(job_id)


def test_a_retry_of_what_did_not_fail_changes_nothing(
    queue: JobQueue, control: JobControl, database: Database
) -> None:
    job_id = finished(queue, database, "done", "skipped")
    with pytest.raises(ConflictError, match="nothing of job"):
        control.retry(job_id)
    assert queue.job(job_id).state == "done"


@pytest.mark.parametrize("act", ["pause", "resume", "cancel", "retry"])
def test_a_job_of_another_tenant_is_not_found(queue: JobQueue, database: Database, act: str) -> None:
    job_id = queue.submit("c", FILES)
    with pytest.raises(NotFoundError):
        getattr(JobControl(database, Access("other")), act)(job_id)
