"""How commands talk, whatever the order of their options and the alphabet of their output."""

import json
import os
import subprocess
import sys
from pathlib import Path

import _rag
import pytest


def test_options_of_a_group_are_those_of_its_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROVE_ENCODER__KIND", "hashing")
    (tmp_path / "a.txt").write_text("The warranty of the outdoor sensor runs for sixty months.")
    home = tmp_path / "home"
    assert _rag.rag("ingest", tmp_path / "a.txt", "--home", home).code == 0
    job_id = _rag.rag("jobs", "--home", home, "--json").json["jobs"][0]["job_id"]
    done = _rag.rag("jobs", "--home", home, "--json", "pause", job_id)
    assert done.json["error"]["type"] == "ConflictError"  # it is there, and done
    done = _rag.rag("tools", "--json", "call", "calculator", '{"expression": "6 * 7"}')
    assert done.json["data"] == {"value": "42"}


@pytest.mark.parametrize("more", [["--json"], []])
def test_what_an_output_cannot_hold_does_not_cost_the_rest(tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "a.txt").write_text("The warranty of the ☃ sensor runs for sixty months.")
    variables = {"GROVE_ENCODER__KIND": "hashing", "PYTHONIOENCODING": "ascii"}
    command = [str(Path(sys.executable).with_name("rag")), "ingest", "a.txt", "--home", "home"]
    subprocess.run(command, check=True, cwd=tmp_path, env={**os.environ, **variables}, capture_output=True)
    command = [*command[:1], "search", "warranty", "--home", "home", *more]
    done = subprocess.run(
        command, check=True, cwd=tmp_path, env={**os.environ, **variables}, capture_output=True
    )
    assert (json.loads(done.stdout)["hits"][0]["text"] if more else done.stdout.decode()).count(
        "sixty"
    ) == 1
    assert b"\\u2603" in done.stdout
