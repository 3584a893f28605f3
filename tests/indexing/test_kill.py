"""A worker killed at any step loses nothing and doubles nothing."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _findable import TOPICS, content, named_and_present
from _graveyard import Graveyard, graveyard
from _victim import settings_of

from indexing.compaction import compact
from indexing.reindex import submit_reindex
from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import Grove

Die = Callable[[Grove, str, str, int], None]

STEPS = [
    ("leased", 1),
    ("read", 3),
    ("encoding", 1),
    ("encoded", 2),
    ("before-stage", 1),
    ("after-stage", 2),
    ("staged", 1),  # all is written, but the commit
    ("published", 1),
    ("published", 3),
    ("merging", 1),
    ("merged", 1),
    ("finished", 1),
]
REINDEX_STEPS = [
    ("leased", 1),
    ("encoded", 2),
    ("after-stage", 1),
    ("staged", 2),
    ("published", 2),
    ("merged", 1),
    ("switching", 1),  # all is written, but the commit
    ("switched", 1),
]


@pytest.fixture(scope="module")
def kept_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for number in range(12):
        paragraphs = [
            f"{TOPICS[(number + index) % 6].title()} {TOPICS[number % 6]} number {number}, part {index}. "
            * 20
            for index in range(3)
        ]
        (folder / f"file{number:02}.txt").write_text("\n\n".join(paragraphs))
    (folder / "broken.pdf").write_bytes(b"not a PDF")
    return folder


@pytest.fixture
def files(tmp_path: Path, kept_files: Path) -> Path:
    """Give files that the test may change."""
    return Path(shutil.copytree(kept_files, tmp_path / "files"))


def grove_at(home: Path, database_url: str | None = None) -> Grove:
    return Grove(settings_of(home, database_url))


@pytest.fixture(scope="module")
def yard() -> Iterator[Graveyard]:
    with graveyard() as opened:
        yield opened


@pytest.fixture
def die(yard: Graveyard) -> Die:
    """Let a worker of the job die when it reaches a step for the given time."""

    def kill(grove: Grove, job_id: str, step: str, count: int) -> None:
        assert yard.kill(grove, job_id, step, count), f"the worker did not reach {step} {count}"

    return kill


def searched(grove: Grove) -> list[tuple[str, float]]:
    passages = grove.search(TOPICS[0], collection="c", retriever="lexical", k=100).passages
    return [(each.chunk_id, each.score) for each in passages]


@pytest.mark.parametrize("step", ["leased", "encoded", "staged"])
def test_a_rebuilding_that_kills_its_worker_each_time_fails_and_the_present_index_serves(
    tmp_path: Path, files: Path, die: Die, step: str
) -> None:
    grove = grove_at(tmp_path / "home")
    run_job(grove, submit_paths(grove, [files], collection="c"))
    before = searched(grove)
    assert before
    job_id = submit_reindex(grove, "c")
    for _ in range(3):
        die(grove, job_id, step, 1)
        time.sleep(0.5)  # until the lease ends
    finish(grove, job_id)
    job = grove.jobs.job(job_id)
    assert job.state == "failed"
    assert "the worker died 3 times at the same place" in str(job.error)
    assert searched(grove) == before
    grove.job_control.retry(job_id)
    assert grove.jobs.job(job_id).state == "queued"
    finish(grove, job_id)
    assert grove.jobs.job(job_id).state == "done"
    assert searched(grove) == before


def test_a_rebuilding_that_gets_on_between_the_deaths_of_its_workers_is_finished(
    tmp_path: Path, files: Path, die: Die
) -> None:
    grove = grove_at(tmp_path / "home")
    run_job(grove, submit_paths(grove, [files], collection="c"))
    job_id = submit_reindex(grove, "c")
    for _ in range(5):
        die(grove, job_id, "published", 1)
        time.sleep(0.5)
    finish(grove, job_id)
    assert grove.jobs.job(job_id).state == "done"


def finish(grove: Grove, job_id: str) -> None:
    deadline = time.monotonic() + 20
    while run_job(grove, job_id) is None and grove.jobs.job(job_id).finished_at is None:
        assert time.monotonic() < deadline, "the dead worker's lease does not end"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, kept_files: Path) -> object:
    grove = grove_at(tmp_path_factory.mktemp("undisturbed"))
    job_id = submit_paths(grove, [kept_files], collection="c")
    run_job(grove, job_id)
    return content(grove)


@pytest.mark.parametrize(("step", "count"), STEPS)
def test_a_killed_worker_loses_and_doubles_nothing(
    tmp_path: Path, die: Die, kept_files: Path, undisturbed: object, step: str, count: int
) -> None:
    grove = grove_at(tmp_path / "killed")
    job_id = submit_paths(grove, [kept_files], collection="c")
    die(grove, job_id, step, count)
    finish_and_compare(grove, job_id, undisturbed)


@pytest.mark.postgres
@pytest.mark.parametrize(("step", "count"), [("after-stage", 2), ("staged", 1), ("merged", 1)])
def test_a_killed_worker_loses_and_doubles_nothing_on_postgresql(
    tmp_path: Path, die: Die, postgres_url: str, kept_files: Path, step: str, count: int
) -> None:
    grove = grove_at(tmp_path / "killed", postgres_url)
    run_job(grove, submit_paths(grove, [kept_files], collection="c"))
    undisturbed = content(grove)
    grove.publisher.delete_documents("c")
    job_id = submit_paths(grove, [kept_files], collection="c")
    die(grove, job_id, step, count)
    finish_and_compare(grove, job_id, undisturbed)


def finish_and_compare(grove: Grove, job_id: str, undisturbed: object) -> None:
    finish(grove, job_id)
    status = grove.jobs.job(job_id)
    assert status.state == "done"
    assert sorted({file.state for file in status.files}) == ["done", "failed"]
    assert content(grove) == undisturbed
    named, present = named_and_present(grove)
    assert named == present
    assert sum(load.segment.num_rows for load in grove.publisher.loads("c")) == 36


def test_a_worker_killed_again_and_again_gets_there(
    tmp_path: Path, die: Die, kept_files: Path, undisturbed: object
) -> None:
    grove = grove_at(tmp_path / "killed")
    job_id = submit_paths(grove, [kept_files], collection="c")
    for step in ("encoded", "staged", "published"):
        die(grove, job_id, step, 2 if step == "published" else 1)
        time.sleep(0.5)  # the lease
    finish(grove, job_id)
    assert content(grove) == undisturbed


def test_a_kill_while_a_changed_file_is_taken_in_leaves_the_old_or_the_new_version(
    tmp_path: Path, die: Die, files: Path
) -> None:
    grove = grove_at(tmp_path / "killed")
    run_job(grove, submit_paths(grove, [files], collection="c"))
    (files / "file00.txt").write_text("Only zebras from now on.")
    job_id = submit_paths(grove, [files / "file00.txt"], collection="c")
    die(grove, job_id, "staged", 1)
    assert grove.search("zebras", collection="c", retriever="lexical").passages == []
    finish(grove, job_id)
    found = grove.search("zebras", collection="c", retriever="lexical").passages
    assert [(passage.text, passage.version) for passage in found] == [("Only zebras from now on.", 2)]
    old = [
        passage
        for passage in grove.search("anchor", collection="c", k=1000).passages
        if passage.source.endswith("file00.txt") and passage.version == 1
    ]
    assert old == []


def test_a_file_that_kills_every_worker_fails_and_the_others_are_taken_in(
    tmp_path: Path, die: Die, files: Path
) -> None:
    grove = grove_at(tmp_path / "killed")
    (files / "a_killer.txt").write_text("short")
    job_id = submit_paths(grove, [files], collection="c")
    for _ in range(3):
        die(grove, job_id, "read", 1)
        time.sleep(0.5)  # the lease
    finish(grove, job_id)
    failed = [file for file in grove.jobs.job(job_id).files if file.state == "failed"]
    assert [Path(file.source).name for file in failed] == ["a_killer.txt", "broken.pdf"]
    assert failed[0].error == "the worker died 3 times on this file"


def test_compaction_to_one_segment_finds_the_same(
    tmp_path: Path, kept_files: Path, undisturbed: object
) -> None:
    grove = grove_at(tmp_path / "compacted")
    run_job(grove, submit_paths(grove, [kept_files], collection="c"))
    compact(grove, "c")
    assert len(grove.publisher.loads("c")) == 1
    assert content(grove) == undisturbed


@pytest.mark.parametrize(("step", "count"), REINDEX_STEPS)
def test_a_killed_rebuilding_leaves_the_old_index_or_the_new_one_and_is_finished(
    tmp_path: Path, die: Die, kept_files: Path, undisturbed: object, step: str, count: int
) -> None:
    grove = grove_at(tmp_path / "killed")
    run_job(grove, submit_paths(grove, [kept_files], collection="c"))
    before = {load.segment.segment_id for load in grove.publisher.loads("c")}
    job_id = submit_reindex(grove, "c")
    die(grove, job_id, step, count)
    after = {load.segment.segment_id for load in grove.publisher.loads("c")}
    assert after == before if step not in ("switched", "finished") else not after & before
    assert content(grove) == undisturbed
    finish(grove, job_id)
    assert content(grove) == undisturbed
    named, present = named_and_present(grove)
    assert named == present
    assert not named & before
