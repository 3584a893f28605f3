"""Hundreds of killed workers: jobs of every kind, death at every step and at any time: nothing is amiss.

Two installations are asked for the same; the workers of one are killed again and again. After every job
both must hold the same: documents, versions, what is found by words and by vectors, and no stray segment.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _findable import TOPICS, content, named_and_present
from _graveyard import Graveyard, graveyard
from _victim import settings_of
from sqlalchemy import update

from indexing.reindex import submit_reindex
from indexing.submit import submit_paths
from indexing.worker import run_job
from rag.compose import Grove
from rag.db.tables import JobRow

REPEATED = (
    *("read", "encoding", "encoded", "before-stage", "after-stage", "staged", "published", "merging"),
    *("merged", "anytime"),
)
ONCE = {"ingest": ("leased", "finished"), "reindex": ("leased", "switching", "switched", "finished")}
FORWARD = ("published", "merging", "merged")  # death after at least one file was taken in
NUM_FILES = 30


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_url(request: pytest.FixtureRequest) -> Callable[[], str | None]:
    """Give the addresses of two databases, one after the other."""
    if request.param == "sqlite":
        return lambda: None
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return new_database


class Pair:
    """The installation whose workers are killed, and the undisturbed one."""

    def __init__(self, killed: Grove, undisturbed: Grove, yard: Graveyard, files: Path) -> None:
        self.killed = killed
        self.undisturbed = undisturbed
        self.deaths: Counter[str] = Counter()
        self._yard = yard
        self._files = files
        self._random = random.Random(7)
        self._round = 0

    def run_round(self) -> None:
        """Change files, delete one, and run a job in both, one with deaths until it is done."""
        self._round += 1
        if self._round % 3 == 0:
            job_ids = [submit_reindex(grove, "c") for grove in (self.killed, self.undisturbed)]
        else:
            self._change_files()
            job_ids = [
                submit_paths(g, [self._files], collection="c") for g in (self.killed, self.undisturbed)
            ]
        run_job(self.undisturbed, job_ids[1])
        while self.killed.jobs.job(job_ids[0]).finished_at is None:
            self._kill(job_ids[0])

    def _kill(self, job_id: str) -> None:
        with self.killed.database.write() as session:  # as if the dead worker's lease had ended
            session.execute(update(JobRow).values(lease_until=None))
        job = self.killed.jobs.lease("look", lease_seconds=0, job_id=job_id)
        if job is None:
            return  # PostgreSQL has not yet noticed that the last worker is dead
        is_weary = any(file.attempts >= 2 for file in job.files.values())
        if is_weary:  # a third death would be the file's fault
            step, count = self._random.choice(FORWARD), 1
        elif untried := [step for step in ONCE[job.kind] if not self.deaths[step]]:
            step, count = untried[0], 1
        elif self._random.random() < 0.15:
            step, count = self._random.choice(ONCE[job.kind]), 1
        else:
            step, count = self._random.choice(REPEATED), self._random.randint(1, 2)
            if step == "anytime":
                count = self._random.randint(5, 900)
        if self._yard.kill(self.killed, job_id, step, count):
            self.deaths[step] += 1

    def _change_files(self) -> None:
        for number in self._random.sample(range(NUM_FILES), NUM_FILES // 2):
            topics = self._random.choices(TOPICS, k=3)
            text = "\n\n".join(
                f"{topic.title()} in round {self._round}, file {number}. " * 20 for topic in topics
            )
            (self._files / f"file{number}.txt").write_text(text)
        sources = self.undisturbed.catalog.sources("c") if self._round > 1 else []
        for source in self._random.sample(sources, min(1, len(sources))):
            for grove in (self.killed, self.undisturbed):
                grove.publisher.delete_documents("c", source=source)


@pytest.fixture
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, new_url: Callable[[], str | None]
) -> Iterator[Pair]:
    encoder = request.param
    files = tmp_path / "files"
    files.mkdir()
    (files / "broken.pdf").write_bytes(b"not a PDF")
    killed, undisturbed = (
        Grove(settings_of(tmp_path / name, new_url(), encoder=encoder))
        for name in ("killed", "undisturbed")
    )
    with graveyard(encoder) as yard:
        yield Pair(killed, undisturbed, yard, files)


def check(pair: Pair, *, num_deaths: int, digits: int = 5) -> None:
    while pair.deaths.total() < num_deaths:
        pair.run_round()
        assert content(pair.killed, digits=digits) == content(pair.undisturbed, digits=digits)
        assert sum(live_rows(pair.killed)) == sum(live_rows(pair.undisturbed))
    named, present = named_and_present(pair.killed)
    assert named == present


def live_rows(grove: Grove) -> list[int]:
    return [load.segment.num_rows - load.num_dead_rows for load in grove.publisher.loads("c")]


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["hashing"], indirect=True)
def test_a_hundred_deaths_change_nothing(pair: Pair) -> None:
    check(pair, num_deaths=110)
    assert set(pair.deaths) == {*REPEATED, *ONCE["reindex"]}


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["minilm"], indirect=True)
def test_deaths_with_the_real_encoder_change_nothing(pair: Pair) -> None:
    check(pair, num_deaths=5, digits=3)
