import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from indexing.watch import watch
from indexing.worker import run_job
from rag.compose import Grove


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "notes"
    path.mkdir()
    (path / "kept.txt").write_text("A note that stays.")
    return path


def follow(
    grove: Grove,
    place: str,
    changes: Sequence[Callable[[], object]] = (),
    *,
    on_gone: Callable[[], None] = lambda: None,
) -> list[list[str]]:
    """Follow a folder; give what is in the collection at first and after each change is taken in."""
    stop = threading.Event()
    deadline = threading.Timer(60, stop.set)
    deadline.start()
    seen: list[list[str]] = []
    left = list(changes)
    for synced in watch(grove, [Path(place)], collection="c", stop=stop, on_gone=on_gone):
        if synced.job_id:
            run_job(grove, synced.job_id)
        seen.append(grove.catalog.sources("c"))
        if left:
            left.pop(0)()
        else:
            stop.set()
    deadline.cancel()
    return seen


def test_what_changes_on_disk_changes_in_the_collection(grove: Grove, notes: Path) -> None:
    (notes / "old.txt").write_text("An old note.")

    def change() -> None:
        (notes / "new.txt").write_text("A new note.")
        (notes / ".hidden.txt").write_text("Not a note.")
        (notes / "old.txt").unlink()

    assert follow(grove, "notes", [change]) == [
        ["notes/kept.txt", "notes/old.txt"],
        ["notes/kept.txt", "notes/new.txt"],
    ]
    passages = grove.search("note", collection="c", retriever="lexical").passages
    assert {passage.source for passage in passages} == {"notes/kept.txt", "notes/new.txt"}


def test_what_is_in_a_folder_that_is_moved_in_and_renamed_is_taken_in(
    grove: Grove, notes: Path, tmp_path: Path
) -> None:
    (tmp_path / "new" / "deep").mkdir(parents=True)
    (tmp_path / "new" / "deep" / "a.txt").write_text("A new note.")
    changes = [
        lambda: (tmp_path / "new").rename(notes / "moved"),
        lambda: (notes / "moved").rename(notes / "renamed"),
    ]
    assert follow(grove, "notes", changes) == [
        ["notes/kept.txt"],
        ["notes/kept.txt", "notes/moved/deep/a.txt"],
        ["notes/kept.txt", "notes/renamed/deep/a.txt"],
    ]


def test_folders_that_tools_make_are_followed_too(
    grove: Grove, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    deep = tmp_path / "node_modules" / "deep"
    deep.mkdir(parents=True)
    (deep / "a.txt").write_text("One.")
    changes = [lambda: (deep / "b.txt").write_text("Two.")]
    assert follow(grove, "node_modules", changes)[-1] == [
        "node_modules/deep/a.txt",
        "node_modules/deep/b.txt",
    ]


def test_a_link_that_is_switched_to_another_folder_is_followed(
    grove: Grove, notes: Path, tmp_path: Path
) -> None:
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "new.txt").write_text("A new note.")
    (tmp_path / "current").symlink_to("notes")

    def switch() -> None:
        (tmp_path / "link").symlink_to("next")
        (tmp_path / "link").replace(tmp_path / "current")

    assert follow(grove, "current", [switch]) == [["current/kept.txt"], ["current/new.txt"]]


@pytest.mark.parametrize("name", ["new.txt", "other/new.txt"])
def test_a_file_is_taken_in_once_it_is_written(grove: Grove, notes: Path, name: str) -> None:
    def write() -> None:
        (notes / name).parent.mkdir(exist_ok=True)
        with (notes / name).open("w") as file:
            for word in ("A", "note", "of", "words", "that", "grows."):
                file.write(f"{word} ")
                file.flush()
                time.sleep(0.3)

    writer = threading.Thread(target=write)
    assert follow(grove, "notes", [writer.start]) == [
        ["notes/kept.txt"],
        ["notes/kept.txt", f"notes/{name}"],
    ]
    writer.join()
    (passage,) = grove.search("grows", collection="c", retriever="lexical", k=1).passages
    assert passage.text == "A note of words that grows."


def test_a_folder_that_vanishes_is_waited_for_and_loses_nothing(
    grove: Grove, notes: Path, tmp_path: Path
) -> None:
    def bring_back() -> None:
        assert grove.catalog.sources("c") == ["notes/kept.txt"]
        (tmp_path / "away" / "new.txt").write_text("A new note.")
        (tmp_path / "away").rename(notes)

    away = [lambda: notes.rename(tmp_path / "away")]
    assert follow(grove, "notes", away, on_gone=bring_back) == [
        ["notes/kept.txt"],
        ["notes/kept.txt", "notes/new.txt"],
    ]
