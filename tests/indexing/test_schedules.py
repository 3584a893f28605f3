"""What is due becomes one job, whoever looks, however many workers there are and however late it is."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest
from sqlalchemy import update

from indexing.schedules import add_schedule, next_after, run_due, run_schedule, timing_of
from indexing.worker import Progress, run_job, work_forever
from rag.compose import Grove
from rag.core.errors import InvalidInputError, NotFoundError
from rag.core.settings import Part, Settings
from rag.core.source_settings import SourceSettings
from rag.db.schedule_tables import ScheduleRow
from rag.db.tables import utc_now


@pytest.fixture
def grove(database_url: str | None, new_grove: Callable[..., Grove]) -> Grove:
    return new_grove(database_url)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes"
    path.mkdir()
    (path / "a.txt").write_text("Note a.")
    (path / "b.txt").write_text("Note b.")
    return path


def add(grove: Grove, notes: Path, every: str = "1h") -> str:
    timing = timing_of(every=every)
    return add_schedule(grove, ["notes"], collection="c", timing=timing, base=notes.parent)


def set_row(grove: Grove, **values: object) -> None:
    with grove.database.write() as session:
        session.execute(update(ScheduleRow).values(**values))


def test_a_schedule_follows_its_source(grove: Grove, notes: Path) -> None:
    add(grove, notes)
    assert run_due(grove)
    assert not run_due(grove), "it is due in an hour"
    run_job(grove)
    assert grove.catalog.sources("c") == ["notes/a.txt", "notes/b.txt"]
    (notes / "b.txt").unlink()
    (notes / "c.txt").write_text("Note c.")
    set_row(grove, next_run_at=utc_now())
    assert run_due(grove)
    run_job(grove)
    assert grove.catalog.sources("c") == ["notes/a.txt", "notes/c.txt"]
    (schedule,) = grove.schedules.list()
    assert (schedule.last_state, schedule.last_result) == ("done", None)
    assert schedule.next_run_at > utc_now() + timedelta(minutes=59)


def test_of_what_every_run_does_again_the_last_time_is_kept(
    grove: Grove, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexing.listing._TICK_NS", 0)  # what was just written is known again
    (notes / "broken.pdf").write_bytes(b"no PDF")
    schedule_id = add(grove, notes)
    jobs = []
    for change in ("", "once", "twice", ""):
        if change:
            (notes / "a.txt").write_text(f"Note a, changed {change}.")
        jobs.append(run_schedule(grove, schedule_id))
        run_job(grove)
    told = {job.job_id: {file.source: file.state for file in job.files} for job in grove.jobs.jobs()}
    assert [told.pop(str(job)) for job in jobs] == [
        {"notes/a.txt": "done", "notes/b.txt": "done"},
        {"notes/a.txt": "done"},
        {"notes/a.txt": "done"},
        {"notes/broken.pdf": "failed"},
    ]
    assert told == {}
    assert [each.status for each in grove.catalog.documents("c")] == ["failed", "ready", "ready"]
    assert grove.schedules.list()[0].last_state == "done", "one file of three is broken"


def test_a_job_that_the_next_run_has_all_of_may_be_gone_before_its_worker_tells_of_it(
    grove: Grove, notes: Path
) -> None:
    for name in "ab":
        (notes / f"{name}.txt").write_bytes(b"")
    schedule_id = add(grove, notes)
    job_id = run_schedule(grove, schedule_id)

    def on_progress(progress: Progress) -> None:
        if progress.step == "finished":
            run_schedule(grove, schedule_id)

    assert run_job(grove, job_id, on_progress=on_progress) is None
    assert len(grove.jobs.jobs()) == 1


def test_missed_runs_are_made_up_once(grove: Grove, notes: Path) -> None:
    add(grove, notes, "10s")
    set_row(grove, next_run_at=utc_now() - timedelta(days=3))
    assert [run_due(grove) for _ in range(3)] == [True, False, False]
    assert len(grove.jobs.jobs()) == 1


def test_a_paused_schedule_waits_and_is_made_up_once(grove: Grove, notes: Path) -> None:
    schedule_id = add(grove, notes)
    grove.schedules.pause(schedule_id)
    assert not run_due(grove), "it is due, but paused"
    assert grove.schedules.list()[0].is_paused
    assert run_schedule(grove, schedule_id) is not None, "who asks for it gets it"
    run_job(grove)
    set_row(grove, next_run_at=utc_now() - timedelta(days=3))
    assert not run_due(grove)
    grove.schedules.resume(schedule_id)
    assert [run_due(grove) for _ in range(2)] == [True, False]


def test_a_run_is_left_out_while_the_one_before_is_not_finished(grove: Grove, notes: Path) -> None:
    add(grove, notes)
    run_due(grove)
    set_row(grove, next_run_at=utc_now())
    run_due(grove)
    (schedule,) = grove.schedules.list()
    assert "of the run before is not finished" in str(schedule.last_result)
    assert len(grove.jobs.jobs()) == 1


def test_of_many_workers_one_runs_what_is_due(new_grove: Callable[..., Grove], notes: Path) -> None:
    grove = new_grove()
    add(grove, notes)
    ran: list[bool] = []
    barrier = threading.Barrier(6)

    def worker() -> None:
        own = new_grove()
        own.schedules.list()
        barrier.wait()
        ran.append(run_due(own))

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ran) == [False] * 5 + [True]
    assert len(grove.jobs.jobs()) == 1


def test_what_a_dead_worker_had_in_hand_is_taken_over(grove: Grove, notes: Path) -> None:
    add(grove, notes)
    dead = grove.schedules.lease("dead", lease_seconds=60)
    assert dead is not None
    assert not run_due(grove)
    set_row(grove, lease_until=utc_now() - timedelta(seconds=1))
    assert run_due(grove)
    finished = grove.schedules.finish(dead, job_id="late", result=None, next_run_at=utc_now())
    assert not finished, "the schedule is no longer its own"


def test_a_source_that_is_gone_is_told_and_deletes_nothing(grove: Grove, notes: Path) -> None:
    schedule_id = add(grove, notes)
    run_due(grove)
    run_job(grove)
    for file in notes.iterdir():
        file.unlink()
    assert run_schedule(grove, schedule_id) is None
    assert "2 documents were not deleted" in str(grove.schedules.list()[0].last_result)
    notes.rmdir()
    assert run_schedule(grove, schedule_id) is None
    assert "failed: no such file or folder" in str(grove.schedules.list()[0].last_result)
    assert len(grove.catalog.sources("c")) == 2


def test_a_collection_that_was_deleted_is_not_made_again(grove: Grove, notes: Path) -> None:
    schedule_id = add(grove, notes)
    grove.publisher.delete_documents("c")
    assert run_due(grove)
    assert grove.catalog.collections() == []
    assert "failed: no collection 'c'" in str(grove.schedules.list()[0].last_result)
    grove.ensure_collection("c")
    assert run_schedule(grove, schedule_id) is not None


class OddBucket:
    """A file system of fsspec that at times says of a file what nobody expects."""

    protocol = "odd"
    is_odd = False

    def invalidate_cache(self) -> None:
        """There is none."""

    def find(self, path: str, *, withdirs: bool, detail: bool) -> dict[str, object]:
        return {f"{path}/a.txt": None if self.is_odd else {"size": 7, "etag": "1"}}


def test_a_run_that_fails_for_a_reason_nobody_foresaw_is_told_and_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsspec.register_implementation("odd", OddBucket, clobber=True)
    sources = SourceSettings(buckets=("odd",))
    grove = Grove(Settings(home=tmp_path / "home", encoder=Part(kind="hashing"), sources=sources))
    add_schedule(grove, ["odd://b/notes"], collection="c", timing=timing_of(every="1h"))
    monkeypatch.setattr(OddBucket, "is_odd", True)
    assert run_due(grove)
    (schedule,) = grove.schedules.list()
    assert schedule.last_result == "unexpected AttributeError: 'NoneType' object has no attribute 'get'"
    assert schedule.next_run_at > utc_now() + timedelta(minutes=59)
    monkeypatch.setattr(OddBucket, "is_odd", False)
    assert run_schedule(grove, schedule.schedule_id) is not None


def test_a_worker_runs_what_is_due(new_grove: Callable[..., Grove], notes: Path) -> None:
    grove = new_grove()
    add(grove, notes)
    stop = threading.Event()
    worker = threading.Thread(target=work_forever, args=(new_grove(), stop))
    worker.start()
    for _ in range(300):
        if [job.state for job in grove.jobs.jobs()] == ["done"]:
            break
        stop.wait(0.1)
    stop.set()
    worker.join()
    assert grove.catalog.sources("c") == ["notes/a.txt", "notes/b.txt"]


def test_a_removed_schedule_runs_no_more_and_another_tenants_cannot_be_reached(
    grove: Grove, notes: Path
) -> None:
    schedule_id = add(grove, notes)
    set_row(grove, tenant="other")
    assert grove.schedules.list() == []
    assert not run_due(grove)
    with pytest.raises(NotFoundError):
        run_schedule(grove, schedule_id)
    with pytest.raises(NotFoundError):
        grove.schedules.remove(schedule_id)
    set_row(grove, tenant="default")
    grove.schedules.remove(schedule_id)
    assert not run_due(grove)


@pytest.mark.parametrize(
    ("every", "cron"),
    [
        (None, None),
        ("1h", "* * * * *"),
        ("9s", None),
        ("soon", None),
        ("1w", None),
        ("367d", None),
        ("3000000d", None),
        (None, "61 * * * *"),
        (None, "x"),
        (None, "* * * * * *"),
    ],
)
def test_a_wrong_timing_is_refused(every: str | None, cron: str | None) -> None:
    with pytest.raises(InvalidInputError):
        timing_of(every=every, cron=cron)


def test_the_next_time_follows_from_the_last() -> None:
    now = datetime(2026, 2, 27, 23, 59, tzinfo=UTC)
    assert next_after("every 259200000000 s", now) == now + timedelta(days=366), "made by a former version"
    assert next_after("every 90 s", now) == now + timedelta(seconds=90)
    assert next_after("30 2 29 2 *", now) == datetime(2028, 2, 29, 2, 30, tzinfo=UTC)
    assert next_after("0 0 * * *", now) == datetime(2026, 2, 28, tzinfo=UTC)
