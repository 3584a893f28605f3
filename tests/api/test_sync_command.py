"""`rag ingest --sync` as a script runs it: counts, exit codes, and what a dry run leaves alone."""

from pathlib import Path
from typing import Any

import pytest
from _rag import rag


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GROVE_ENCODER__KIND", "hashing")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "notes"
    path.mkdir()
    for name in ("a", "b"):
        (path / f"{name}.txt").write_text(f"Note {name}.")
    return path


def ingest(home: Path, *options: str) -> tuple[int, Any]:
    done = rag("ingest", *options, "--json", "--home", home)
    return done.code, done.json


@pytest.mark.usefixtures("each_database")
def test_a_dry_run_tells_and_a_run_does_it(grove_home: Path, notes: Path) -> None:
    assert ingest(grove_home, "notes", "--sync")[1]["documents"] == 2
    (notes / "a.txt").unlink()
    (notes / "c.txt").write_text("Note c.")
    code, plan = ingest(grove_home, "notes", "--sync", "--dry-run")
    assert (code, plan["add"], plan["delete"]) == (0, ["notes/c.txt"], ["notes/a.txt"])
    code, report = ingest(grove_home, "notes", "--sync")
    assert (code, report["documents"], report["skipped"], report["deleted"]) == (0, 1, 1, 1)
    assert report["withheld"] == []


def test_what_is_withheld_is_told_by_the_exit_code(grove_home: Path, notes: Path) -> None:
    ingest(grove_home, "notes", "--sync")
    for file in notes.iterdir():
        file.unlink()
    code, report = ingest(grove_home, "notes", "--sync")
    assert (code, report["deleted"], len(report["withheld"])) == (3, 0, 2)
    code, report = ingest(grove_home, "notes", "--sync", "--delete-many")
    assert (code, report["deleted"]) == (0, 2)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "nothing to ingest"),
        (["notes", "--dry-run"], "--dry-run goes with --sync"),
        (["notes", "--delete-many"], "--delete-many goes with --sync or --watch"),
        (["s3://reports", "--watch"], "`rag schedules add` follows addresses"),
        (["gone", "--sync"], "no such file or folder: "),
        (["", "--sync"], "a path is empty: is a variable unset?"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    grove_home: Path, notes: Path, options: list[str], reason: str
) -> None:
    code, report = ingest(grove_home, *options)
    assert code == 2
    assert reason in report["error"]["message"]
