"""A cluster gives what one machine gives, also when a part of it dies."""

import os
import pickle
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from _findable import content, named_and_present

from indexing.control import cancel_job
from indexing.engines._engine import UnfitError
from indexing.pipeline import Pipeline
from indexing.reindex import submit_reindex
from indexing.submit import submit_paths
from indexing.worker import Progress, run_job
from rag.compose import Grove
from rag.core.settings import IngestionSettings, Part, Settings
from rag.core.types import Vector
from rag.db.jobs import JobFile, JobStatus
from rag.encoders.hashing import Hashing

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray")]

NUM_FILES = 60
WORKERS = 3


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files")
    for number in range(NUM_FILES):
        words = " ".join(f"word{number * each}" for each in range(400))
        (path / f"file{number:02}.txt").write_text(f"Text number {number}.\n\n{words}.")
    (path / "broken.pdf").write_bytes(b"no PDF")
    return path


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> Iterator[None]:
    yield
    import ray  # noqa: PLC0415  # it may not be installed

    ray.shutdown()


def grove_at(home: Path, engine: str, database_url: str | None = None) -> Grove:
    return Grove(
        Settings(
            home=home,
            database_url=database_url,
            encoder=Part(kind="hashing"),
            late_encoder=Part(kind="hashing_late"),
            indexes="dense,late",
            ingestion=IngestionSettings(engine=engine, workers=WORKERS, batch_chunks=16),
        )
    )


def states(status: JobStatus | None) -> dict[str, int]:
    assert status is not None
    found = [file.state for file in status.files]
    return {state: found.count(state) for state in sorted(set(found))}


def machines() -> set[int]:
    """Give the processes that read."""
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return {int(line.split()[0]) for line in listed.splitlines() if "ray::" in line and "MapWorker" in line}


def of_one_machine(home: Path, files: Path, database_url: str | None) -> object:
    """Give what one machine gives, and leave the database as it was."""
    grove = grove_at(home, "local", database_url)
    status = run_job(grove, submit_paths(grove, [files], collection="c"))
    assert states(status) == {"done": NUM_FILES, "failed": 1}
    given = content(grove)
    grove.publisher.delete_documents("c")
    grove.database.close()
    return given


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_cluster_of_which_a_process_is_killed_gives_what_one_machine_gives(
    request: pytest.FixtureRequest, tmp_path: Path, files: Path, database: str
) -> None:
    url = None if database == "sqlite" else request.getfixturevalue("postgres_url")
    expected = of_one_machine(tmp_path / "local", files, url)
    grove = grove_at(tmp_path / "cluster", "ray", url)
    killed: list[int] = []

    def kill_one(progress: Progress) -> None:
        if progress.step == "published" and progress.files_done < NUM_FILES // 2 and not killed:
            killed.append(min(machines()))
            os.kill(killed[0], signal.SIGKILL)

    job_id = submit_paths(grove, [files], collection="c")
    status = run_job(grove, job_id, on_progress=kill_one)
    assert states(status) == {"done": NUM_FILES, "failed": 1}
    assert len(killed) == 1, "the job was too quick to be disturbed"
    assert content(grove) == expected
    named, present = named_and_present(grove)
    assert named == present
    assert states(run_job(grove, submit_paths(grove, [files], collection="c"))) == {
        "failed": 1,
        "skipped": NUM_FILES,
    }


def test_a_job_on_a_cluster_is_paused_and_goes_on(tmp_path: Path, files: Path) -> None:
    grove = grove_at(tmp_path / "cluster", "ray")
    job_id = submit_paths(grove, [files], collection="c")

    def pause(progress: Progress) -> None:
        if progress.step == "published" and progress.files_done < NUM_FILES:
            grove.job_control.pause(job_id)

    status = run_job(grove, job_id, on_progress=pause)
    assert status is not None
    assert status.state == "paused"
    assert 0 < status.files_done < NUM_FILES
    grove.job_control.resume(job_id)
    assert states(run_job(grove, job_id)) == {"done": NUM_FILES, "failed": 1}
    (files / "broken.pdf").write_bytes(b"no PDF still")
    grove.job_control.retry(job_id)
    assert states(run_job(grove, job_id)) == {"done": NUM_FILES, "failed": 1}


@pytest.mark.parametrize("step", ["read", "published"])
def test_a_job_on_a_cluster_is_cancelled_and_the_next_one_runs(
    tmp_path: Path, files: Path, step: str
) -> None:
    grove = grove_at(tmp_path / "cluster", "ray")
    job_id = submit_paths(grove, [files], collection="c")
    cancelled_at: list[float] = []

    def cancel(progress: Progress) -> None:
        if progress.step == step and not cancelled_at:
            cancelled_at.append(time.monotonic())
            cancel_job(grove, job_id)

    status = run_job(grove, job_id, on_progress=cancel)
    assert status is not None
    assert time.monotonic() - cancelled_at[0] < 30
    assert status.state == "cancelled"
    kept = states(status)
    assert kept["cancelled"] > NUM_FILES // 4, "the job was too quick to be disturbed"
    assert num_ready(grove) == kept.get("done", 0)
    assert run_job(grove, job_id) is None, "it is over"
    again = states(run_job(grove, submit_paths(grove, [files], collection="c")))
    assert again.get("skipped", 0) == kept.get("done", 0)
    assert num_ready(grove) == NUM_FILES
    named, present = named_and_present(grove)
    assert named == present


def num_ready(grove: Grove) -> int:
    return sum(document.status == "ready" for document in grove.catalog.documents("c", limit=1000))


def test_what_a_cluster_encodes_while_an_index_of_other_kinds_comes_to_serve_has_them(
    tmp_path: Path, files: Path
) -> None:
    grove = grove_at(tmp_path / "home", "ray")
    switched: list[JobStatus | None] = []

    def switch(progress: Progress) -> None:
        if progress.step == "published" and not switched:
            job_id = submit_reindex(grove, "c", kinds=("dense", "late"))
            switched.append(run_job(grove_at(tmp_path / "home", "local"), job_id))

    job_id = submit_paths(grove, [files], collection="c", kinds=("dense",))
    assert states(run_job(grove, job_id, on_progress=switch)) == {"done": NUM_FILES, "failed": 1}
    assert switched[0] is not None
    assert switched[0].state == "done"
    passages = grove.search("text", collection="c", retriever="late", k=1000).passages
    assert {passage.source for passage in passages} == set(grove.catalog.sources("c"))


class Failing(Hashing):
    """An encoder that takes no text."""

    def encode(self, texts: Sequence[str]) -> Vector:
        raise RuntimeError("these texts are not to my taste")


def test_what_a_machine_cannot_encode_is_left_to_who_publishes(tmp_path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415  # it may not be installed

    from indexing.engines.ray import _Machine  # noqa: PLC0415

    (tmp_path / "a.txt").write_text("A text.")
    machine = _Machine(grove_at(tmp_path, "ray").settings, ("dense",))
    machine._grove.encoder = Failing()
    machine._pipeline = Pipeline.from_grove(machine._grove)
    item = pickle.dumps((0, JobFile("a.txt", str(tmp_path / "a.txt")), None))
    (cell,) = machine(pa.table({"item": [item]})).column("read")
    _, read = pickle.loads(cell.as_py())
    assert (read.document.document.text, read.encoded) == ("A text.", None)


def test_a_machine_with_another_model_is_refused(tmp_path: Path) -> None:
    from indexing.engines.ray import _made_by, _refuse_unlike  # noqa: PLC0415  # it may not be installed

    ours = grove_at(tmp_path, "ray")
    late = Part(kind="hashing_late", options={"dim": 32})
    other = Grove(ours.settings.model_copy(update={"late_encoder": late}))
    _refuse_unlike(_made_by(ours, ["dense"]), _made_by(other, ["dense"]))
    with pytest.raises(UnfitError, match="install the same Grove, and the same models"):
        _refuse_unlike(_made_by(ours, ["dense", "late"]), _made_by(other, ["dense", "late"]))
