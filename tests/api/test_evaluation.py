"""What evaluations index: this corpus and no other, in a home of its own."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from _colbert_checkpoints import save_pylate
from safetensors.torch import load_file, save_file

from api.evaluation import IndexedDataset
from rag.core.settings import Part, Settings
from rag.evaluation.datasets import load_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a set without documents."""
    folder = tmp_path / "set"
    folder.mkdir()
    query = {"id": "q", "text": "When does the depot open?", "answers": ["nine"]}
    (folder / "queries.jsonl").write_text(json.dumps(query))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\tnews/depot.txt\t1\n")
    return folder


def write_corpus(folder: Path, texts: Mapping[str, str]) -> None:
    rows = [json.dumps({"id": name, "title": "", "text": text}) for name, text in texts.items()]
    (folder / "corpus.jsonl").write_text("\n".join(rows))


def indexed(folder: Path, **changes: object) -> IndexedDataset:
    settings = Settings(encoder=Part(kind="hashing"), indexes="dense").model_copy(update=changes)
    found = IndexedDataset(settings, load_dataset(folder), folder, work=folder.parent / "work")
    found.index(lambda _: None)
    return found


def test_neither_database_nor_store_of_the_settings_sees_the_corpus(folder: Path, tmp_path: Path) -> None:
    write_corpus(folder, {"depot": "The depot opens at nine."})
    grove = indexed(folder, database_url=f"sqlite:///{tmp_path / 'production.db'}").grove
    assert not (tmp_path / "production.db").exists()
    assert grove.catalog.sources("default") == ["depot"]
    postgresql = "postgresql://nobody@127.0.0.1:1/none"
    other = indexed(folder, database_url=postgresql, store=Part(kind="pgvector"))
    assert other.search("lexical")("depot", 9) == ["depot"]


def test_a_document_of_a_title_alone_is_found_by_it(folder: Path) -> None:
    (folder / "corpus.jsonl").write_text(json.dumps({"id": "d", "title": "The depot", "text": " "}))
    assert indexed(folder).search("lexical")("depot", 9) == ["d"]


def test_a_corpus_that_changed_is_another_one(folder: Path) -> None:
    write_corpus(folder, {"depot": "The depot opens at nine.", "old": "The old depot is closed."})
    assert set(indexed(folder).search("lexical")("depot", 9)) == {"depot", "old"}
    write_corpus(folder, {"depot": "The depot opens at ten."})
    assert indexed(folder).search("lexical")("depot", 9) == ["depot"]


def test_a_corpus_is_indexed_anew_for_a_model_that_was_trained_further(
    folder: Path, tmp_path: Path
) -> None:
    write_corpus(folder, {"depot": "The depot opens at nine."})
    save_pylate(tmp_path / "late")
    late = Part(kind="late", options={"model": str(tmp_path / "late")})
    for seed in range(2):
        weights = load_file(tmp_path / "late/model.safetensors")
        changed = {name: values + seed for name, values in weights.items()}
        save_file(changed, tmp_path / "late/model.safetensors")
        found = indexed(folder, indexes="dense,late", late_encoder=late)
        assert found.search("late")("depot", 9) == ["depot"]


def test_a_set_of_files_is_searched_and_asked_by_their_paths_in_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "files/news").mkdir(parents=True)
    (folder / "files/news/depot.txt").write_text("The depot opens at nine.")
    (folder / "files/depot.txt").write_text("A mast stands there.")
    found = indexed(folder)
    assert found.search("dense")("When does the depot open?", 9) == ["news/depot.txt", "depot.txt"]
    answer = found.answer("default", "default")
    assert "nine" in answer("When does the depot open?", ()).answer
    assert answer("When does the depot open?", ["news/depot.txt"]).refused
    monkeypatch.chdir(folder)
    again = indexed(folder)  # from elsewhere, documents are called the same
    assert sorted(again.grove.catalog.sources("default")) == ["depot.txt", "news/depot.txt"]
    (folder / "files/depot.txt").unlink()
    assert indexed(folder).search("dense")("When does the depot open?", 9) == ["news/depot.txt"]
