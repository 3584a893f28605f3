"""A rebuilt index finds the same; searches go on meanwhile; nothing that happens meanwhile is lost."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexing.control import cancel_job
from indexing.reindex import submit_reindex
from indexing.submit import submit_paths
from indexing.worker import Progress, run_job
from rag.compose import Grove
from rag.core.errors import ConflictError, DamagedSegmentError, NotFoundError
from rag.core.settings import Part
from rag.db.jobs import JobStatus

NewGrove = Callable[..., Grove]
SMALLER = Part(kind="hashing", options={"dim": 64})


@pytest.fixture
def grove(database_url: str | None, new_grove: NewGrove, folder: Path) -> Grove:
    """Give an installation with seven documents in collection `c`."""
    grove = new_grove(database_url, batch_chunks=2)
    run_job(grove, submit_paths(grove, [folder], collection="c"))
    return grove


def reindex(grove: Grove, on_progress: Callable[[Progress], None] = lambda _: None) -> JobStatus:
    status = run_job(grove, submit_reindex(grove, "c"), on_progress=on_progress)
    assert status is not None
    return status


def found(grove: Grove, retriever: str = "hybrid") -> list[tuple[str, float, str]]:
    passages = grove.search("text number note", collection="c", retriever=retriever, k=100).passages
    return sorted((each.source, round(each.score, 4), each.text) for each in passages)


def segment_ids(grove: Grove) -> set[str]:
    return {load.segment.segment_id for load in grove.publisher.loads("c")}


def test_a_rebuilt_index_has_new_segments_and_finds_the_same(grove: Grove) -> None:
    before, old = found(grove), segment_ids(grove)
    status = reindex(grove)
    assert (status.state, status.kind, status.chunks_done, status.chunks_total) == ("done", "reindex", 7, 7)
    assert found(grove) == before
    assert not segment_ids(grove) & old
    assert sum(load.segment.num_rows for load in grove.publisher.loads("c")) == 7


def test_progress_counts_up_to_all_documents(grove: Grove) -> None:
    seen: list[Progress] = []
    reindex(grove, seen.append)
    done = [progress.files_done for progress in seen]
    assert done == sorted(done)
    assert (seen[-1].step, seen[-1].files_done, seen[-1].num_files) == ("finished", 7, 7)
    assert seen[-1].chunks_encoded == seen[-1].chunks_read == 7


def test_another_encoder_takes_over_with_the_new_index(grove: Grove) -> None:
    other = Grove(grove.settings.model_copy(update={"encoder": SMALLER}))
    with pytest.raises(ConflictError, match="rag reindex"):
        found(other, "dense")
    while_it_ran: list[int] = []
    reindex(other, lambda _: while_it_ran.append(len(found(other, "lexical"))))
    assert set(while_it_ran) == {7}
    assert len(found(other, "dense")) == 7
    assert other.catalog.snapshot("c").encoder == other.encoder.fingerprint


@pytest.fixture
def damaged(new_grove: NewGrove, folder: Path) -> Grove:
    grove = new_grove()
    run_job(grove, submit_paths(grove, [folder], collection="c"))
    for segment_id in segment_ids(grove):
        (grove.settings.home_dir / "segments" / segment_id / "rows.json").write_text("{}")
    return new_grove()


def test_a_damaged_collection_is_repaired(damaged: Grove, new_grove: NewGrove) -> None:
    with pytest.raises(DamagedSegmentError):
        found(damaged)
    assert reindex(damaged).state == "done"
    assert len(found(damaged)) == len(found(new_grove())) == 7


def test_what_is_taken_in_changed_and_deleted_meanwhile_is_in_the_new_index(
    grove: Grove, new_grove: NewGrove, folder: Path
) -> None:
    one_by_one = new_grove(grove.settings.database_url, batch_chunks=1)  # so that there are three moments
    moments = iter(range(3))  # the new index is begun, is half full, is almost done
    texts = [folder / f"text{number}.txt" for number in range(6)]
    sources = {Path(source).name: source for source in grove.catalog.sources("c")}

    def disturb(progress: Progress) -> None:
        if progress.step != "published" or (moment := next(moments, None)) is None:
            return
        new = folder / f"new{moment}.txt"
        new.write_text(f"A new text number {moment}.")
        texts[5].write_text(f"A text changed for the number {moment}. time")
        run_job(grove, submit_paths(grove, [new, texts[5]], collection="c"))
        grove.publisher.delete_documents("c", source=sources[texts[moment].name])

    assert reindex(one_by_one, disturb).state == "done"
    passages = {Path(source).name: text for source, _, text in found(grove)}
    expected = {"nested.md", "new0.txt", "new1.txt", "new2.txt", "text3.txt", "text4.txt", "text5.txt"}
    assert set(passages) == expected
    assert passages["text5.txt"] == "A text changed for the number 2. time"
    alive = sum(load.segment.num_rows - load.num_dead_rows for load in grove.publisher.loads("c"))
    assert alive == len(expected) == len(grove.catalog.sources("c"))


@contextmanager
def searching(grove: Grove) -> Iterator[list[object]]:
    """Search all the time, in threads; give what was found, or the errors."""
    stop = threading.Event()
    seen: list[object] = []

    def search() -> None:
        while not stop.is_set():
            try:
                seen.append(found(grove))
            except Exception as error:  # the test looks at all of them
                seen.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def make_old(grove: Grove) -> None:
    """Let the segments be removed the moment that nothing names them; young ones are spared for an hour."""
    if not grove.store.capabilities.is_transactional:
        for path in (grove.settings.home_dir / "segments").iterdir():
            os.utime(path, (0, 0))


def test_searches_under_load_never_fail_and_never_mix_indexes(grove: Grove) -> None:
    expected = found(grove)
    with searching(grove) as seen:
        for _ in range(3):
            num_seen = len(seen)
            make_old(grove)
            assert reindex(grove).state == "done"
            while len(seen) < num_seen + 4:
                time.sleep(0.01)
    assert [each for each in seen if each != expected] == []


def test_a_stopped_rebuilding_goes_on_where_it_was(grove: Grove) -> None:
    stop = threading.Event()
    before = segment_ids(grove)
    job_id = submit_reindex(grove, "c")
    status = run_job(
        grove, job_id, stop=stop, on_progress=lambda p: stop.set() if p.step == "published" else None
    )
    assert status is not None
    assert (status.state, status.chunks_done) == ("queued", 2)
    assert segment_ids(grove) == before
    assert submit_reindex(grove, "c") == job_id
    seen: list[Progress] = []
    assert reindex(grove, seen.append).state == "done"
    assert seen[0].chunks_encoded == 2
    assert len(found(grove)) == 7


def test_a_cancelled_rebuilding_leaves_nothing_behind(grove: Grove, folder: Path) -> None:
    before, old = found(grove), segment_ids(grove)
    job_id = submit_reindex(grove, "c")

    def cancel(progress: Progress) -> None:
        if progress.step == "published":
            cancel_job(grove, job_id)

    status = run_job(grove, job_id, on_progress=cancel)
    assert status is not None
    assert status.state == "cancelled"
    assert (found(grove), segment_ids(grove)) == (before, old)
    (folder / "late.txt").write_text("A late text.")
    run_job(grove, submit_paths(grove, [folder / "late.txt"], collection="c"))
    assert sum(load.segment.num_rows for load in grove.publisher.loads("c")) == 8


def test_a_collection_deleted_under_its_rebuilding_stays_deleted(grove: Grove) -> None:
    def delete(progress: Progress) -> None:
        if progress.step == "encoded" and grove.catalog.collections():
            grove.publisher.delete_documents("c")

    status = reindex(grove, delete)
    assert status.state == "failed"
    assert "deleted" in str(status.error)
    assert grove.catalog.collections() == []


def test_there_must_be_such_a_collection(grove: Grove) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        submit_reindex(grove, "nobody")


def test_a_flaw_of_ours_fails_the_rebuilding_and_lets_the_next_job_run(grove: Grove) -> None:
    before, old = found(grove), segment_ids(grove)

    def flawed(progress: Progress) -> None:
        if progress.step == "staged":
            raise KeyError("a flaw")

    status = reindex(grove, flawed)
    assert (status.state, status.error) == (
        "failed",
        f"unexpected KeyError: 'a flaw'; `rag jobs retry {status.job_id}` tries again",
    )
    assert found(grove) == before
    assert segment_ids(grove) == old
    assert run_job(grove) is None  # it is not tried again by itself
    grove.job_control.retry(status.job_id)
    finished = run_job(grove)
    assert finished is not None
    assert finished.state == "done"
