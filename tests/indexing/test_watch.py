import threading
import time
from pathlib import Path

import pytest

from indexing.submit import submit_paths
from indexing.watch import watch
from indexing.worker import run_job
from rag.compose import Grove


def test_what_changes_on_disk_changes_in_the_collection(
    grove: Grove, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "old.txt").write_text("An old note.")
    (notes / "kept.txt").write_text("A note that stays.")
    run_job(grove, submit_paths(grove, [Path("notes")], collection="c"))
    stop = threading.Event()

    def change() -> None:
        time.sleep(0.5)
        (notes / "new.txt").write_text("A new note.")
        (notes / ".hidden.txt").write_text("Not a note.")
        (notes / "old.txt").unlink()

    changer = threading.Thread(target=change)
    changer.start()
    for changes in watch(grove, [Path("notes")], collection="c", stop=stop):
        if changes.job_id:
            run_job(grove, changes.job_id)
        if grove.catalog.sources("c") == ["notes/kept.txt", "notes/new.txt"]:
            stop.set()
    changer.join()
    assert grove.catalog.sources("c") == ["notes/kept.txt", "notes/new.txt"]
    passages = grove.search("note", collection="c", retriever="lexical").passages
    assert {passage.source for passage in passages} == {"notes/kept.txt", "notes/new.txt"}


def test_what_is_in_a_folder_that_is_moved_in_and_renamed_is_taken_in(
    grove: Grove, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "kept.txt").write_text("A note that stays.")
    (tmp_path / "new" / "deep").mkdir(parents=True)
    (tmp_path / "new" / "deep" / "a.txt").write_text("A new note.")
    run_job(grove, submit_paths(grove, [Path("notes")], collection="c"))
    stop, taken = threading.Event(), threading.Event()

    def change() -> None:
        time.sleep(0.5)
        (tmp_path / "new").rename(notes / "moved")
        if taken.wait(20):
            (notes / "moved").rename(notes / "renamed")
            stop.wait(20)
        stop.set()

    changer = threading.Thread(target=change)
    changer.start()
    seen: list[list[str]] = []
    for changes in watch(grove, [Path("notes")], collection="c", stop=stop):
        if changes.job_id:
            run_job(grove, changes.job_id)
        seen.append(grove.catalog.sources("c"))
        if "notes/moved/deep/a.txt" in seen[-1]:
            taken.set()
        if "notes/renamed/deep/a.txt" in seen[-1]:
            stop.set()
    changer.join()
    assert seen[:1] == [["notes/kept.txt", "notes/moved/deep/a.txt"]]
    assert seen[-1:] == [["notes/kept.txt", "notes/renamed/deep/a.txt"]]


def test_a_folder_that_vanishes_is_waited_for_and_loses_nothing(
    grove: Grove, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "kept.txt").write_text("A note that stays.")
    run_job(grove, submit_paths(grove, [Path("notes")], collection="c"))
    stop, gone = threading.Event(), threading.Event()

    def vanish() -> None:
        time.sleep(0.5)
        notes.rename(tmp_path / "away")
        assert gone.wait(10)
        assert grove.catalog.sources("c") == ["notes/kept.txt"]
        (tmp_path / "away" / "new.txt").write_text("A new note.")
        (tmp_path / "away").rename(notes)

    changer = threading.Thread(target=vanish)
    changer.start()
    for changes in watch(grove, [Path("notes")], collection="c", stop=stop, on_gone=gone.set):
        if changes.job_id:
            run_job(grove, changes.job_id)
        if len(grove.catalog.sources("c")) == 2:
            stop.set()
    changer.join()
    assert grove.catalog.sources("c") == ["notes/kept.txt", "notes/new.txt"]
