"""Which benchmarks there are, and how one, or all, are run."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from api.benchmarks import benchmark_names, run_benchmark

REPOSITORY = Path(__file__).parents[2]
# An environment whose `python` names benchmarks, and whose `rag` fails in the middle of the first one.
PYTHON = "#!/bin/sh\necho broken gpu_check whole\n"
RAG = '#!/bin/sh\nif [ $2 = broken ]; then printf "{"; exit 1; fi\nprintf "{}"\n'


def test_every_file_that_can_be_run_is_a_benchmark() -> None:
    files = (REPOSITORY / "benchmarks").glob("[a-z]*.py")
    can_run = {path.stem for path in files if re.search(r"^def run\(", path.read_text(), re.MULTILINE)}
    assert can_run == set(benchmark_names())


def test_one_that_fails_leaves_no_result_and_the_others_run(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name, script in (("python", PYTHON), ("rag", RAG)):
        (tmp_path / "bin" / name).write_text(script)
        (tmp_path / "bin" / name).chmod(0o755)
    command = ["make", "-C", str(tmp_path), "-f", str(REPOSITORY / "Makefile"), "bench", "BIN=bin", "NPM="]
    made = [argument for name in ("setup", "setup-peers") for argument in ("-o", name)]
    done = subprocess.run([*command, *made], check=False, capture_output=True, text=True)
    results = {path.name: path.read_text() for path in (tmp_path / "benchmarks/results").iterdir()}
    assert results == {"whole.json": "{}"}
    assert done.returncode != 0
    assert "failed: broken\n" in done.stderr


def test_what_it_indexes_does_not_go_into_the_database_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GROVE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert run_benchmark("capacity", quick=True)["rows"]
    assert "GROVE_DATABASE_URL" not in os.environ
