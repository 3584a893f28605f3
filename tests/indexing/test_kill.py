"""A worker killed at any step loses nothing and doubles nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from _victim import settings_of

from indexing.compaction import compact
from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import Grove

REPOSITORY = Path(__file__).parents[2]
VICTIM = REPOSITORY / "tests" / "helpers" / "_victim.py"
TOPICS = ("anchor", "bridge", "candle", "dragon", "engine", "forest")
QUERIES = (*TOPICS, "anchor bridge seven", "the number of the forest")

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


def die(grove: Grove, job_id: str, step: str, count: int) -> None:
    arguments = [str(grove.settings.home_dir), job_id, step, str(count)]
    if grove.settings.database_url is not None:
        arguments.append(grove.settings.database_url)
    command = [sys.executable, str(VICTIM), *arguments]
    finished = subprocess.run(
        command,
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == -signal.SIGKILL, finished.stderr[-2000:]


def finish(grove: Grove, job_id: str) -> None:
    deadline = time.monotonic() + 20
    while run_job(grove, job_id) is None and grove.jobs.job(job_id).finished_at is None:
        assert time.monotonic() < deadline, "the dead worker's lease does not end"
        time.sleep(0.1)


def content(grove: Grove) -> object:
    """Give all that a user can see, without the identifiers, which are random."""
    documents = [
        (summary.source, summary.status, summary.version, summary.chunks, summary.error)
        for summary in grove.catalog.documents("c", limit=1000)
    ]
    # Scores of words depend on the segments' statistics taken together, so not on how they are cut.
    found = {
        query: sorted(
            (passage.source, passage.start, passage.end, round(passage.score, 5), passage.text)
            for passage in grove.search(query, collection="c", retriever=retriever, k=1000).passages
        )
        for retriever in ("lexical", "dense")
        for query in QUERIES
    }
    return documents, found


def named_and_present(grove: Grove) -> tuple[set[str], set[str]]:
    """Give the segments that the database names and those on disk, after a sweep an hour later."""
    named = {load.segment.segment_id for load in grove.publisher.loads("c")}
    directory = grove.settings.home_dir / "segments"
    if grove.store.capabilities.is_transactional:
        return named, named | set(grove.publisher.sweep())
    for path in directory.iterdir():
        os.utime(path, (0, 0))
    grove.publisher.sweep()
    return named, {path.name for path in directory.iterdir()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, kept_files: Path) -> object:
    grove = grove_at(tmp_path_factory.mktemp("undisturbed"))
    job_id = submit_paths(grove, [kept_files], collection="c")
    run_job(grove, job_id)
    return content(grove)


@pytest.mark.parametrize(("step", "count"), STEPS)
def test_a_killed_worker_loses_and_doubles_nothing(
    tmp_path: Path, kept_files: Path, undisturbed: object, step: str, count: int
) -> None:
    kill_and_compare(grove_at(tmp_path / "killed"), kept_files, undisturbed, step=step, count=count)


@pytest.mark.postgres
@pytest.mark.parametrize(("step", "count"), [("after-stage", 2), ("staged", 1), ("merged", 1)])
def test_a_killed_worker_loses_and_doubles_nothing_on_postgresql(
    tmp_path: Path, postgres_url: str, kept_files: Path, step: str, count: int
) -> None:
    grove = grove_at(tmp_path / "killed", postgres_url)
    run_job(grove, submit_paths(grove, [kept_files], collection="c"))
    undisturbed = content(grove)
    grove.publisher.delete_documents("c")
    kill_and_compare(grove, kept_files, undisturbed, step=step, count=count)


def kill_and_compare(grove: Grove, kept_files: Path, undisturbed: object, *, step: str, count: int) -> None:
    job_id = submit_paths(grove, [kept_files], collection="c")
    die(grove, job_id, step, count)
    finish(grove, job_id)
    status = grove.jobs.job(job_id)
    assert status.state == "done"
    assert sorted({file.state for file in status.files}) == ["done", "failed"]
    assert content(grove) == undisturbed
    named, present = named_and_present(grove)
    assert named == present
    assert sum(load.segment.num_rows for load in grove.publisher.loads("c")) == 36


def test_a_worker_killed_again_and_again_gets_there(
    tmp_path: Path, kept_files: Path, undisturbed: object
) -> None:
    grove = grove_at(tmp_path / "killed")
    job_id = submit_paths(grove, [kept_files], collection="c")
    for step in ("encoded", "staged", "published"):
        die(grove, job_id, step, 2 if step == "published" else 1)
        time.sleep(0.5)  # the lease
    finish(grove, job_id)
    assert content(grove) == undisturbed


def test_a_kill_while_a_changed_file_is_taken_in_leaves_the_old_or_the_new_version(
    tmp_path: Path, files: Path
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
    tmp_path: Path, files: Path
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
