"""The command line as a person or a script runs it: a process with arguments, output and exit code."""

import json
from collections.abc import Callable
from pathlib import Path

import _rag
import pytest
from _rag import Finished


@pytest.fixture
def rag(grove_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Finished]:
    """Run `rag ARGUMENTS --json` on an installation without models."""
    monkeypatch.setenv("GROVE_ENCODER__KIND", "hashing")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, home: Path = grove_home) -> Finished:
        return _rag.rag(*arguments, "--json", "--home", home)

    return run


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home with one document, for commands that change nothing."""
    folder = tmp_path_factory.mktemp("filled")
    file = folder / "a.txt"
    file.write_text("The warranty of the outdoor sensor runs for sixty months.")
    home = folder / "home"
    assert _rag.rag("ingest", file, "--home", home, variables={"GROVE_ENCODER__KIND": "hashing"}).code == 0
    return home


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "papers"
    path.mkdir()
    (path / "a.txt").write_text("The warranty of the outdoor sensor runs for sixty months.")
    (path / "b.md").write_text("# Depot\n\nThe depot opens at nine.")
    return path


@pytest.mark.usefixtures("each_database")
def test_from_documents_to_a_cited_answer_and_away_again(
    rag: Callable[..., Finished], folder: Path
) -> None:
    taken = rag("ingest", "papers")
    assert (taken.code, taken.json["documents"], taken.json["skipped"], taken.json["failed"]) == (
        0,
        2,
        0,
        [],
    )
    again = rag("ingest", "papers")
    assert (again.code, again.json["documents"], again.json["skipped"]) == (0, 0, 2)
    (collection,) = rag("collections").json["collections"]
    assert (collection["name"], collection["documents"]) == ("default", 2)
    documents = rag("documents").json["documents"]
    assert [(each["source"], each["status"]) for each in documents] == [
        ("papers/a.txt", "ready"),
        ("papers/b.md", "ready"),
    ]
    shown = rag("show", documents[0]["document_id"]).json
    assert shown["text"] == (folder / "a.txt").read_text()
    assert shown["chunks"][0].keys() == {"chunk_id", "start", "end", "page"}
    hit = rag("search", "warranty", "-k", "1").json["hits"][0]
    assert shown["text"][hit["start"] : hit["end"]] == hit["text"]
    answer = rag("ask", "How long does the warranty of the outdoor sensor run?").json
    assert "sixty months" in answer["answer"]
    assert answer["citations"][0]["source"] == "papers/a.txt"
    assert [step["step"] for step in answer["steps"]] == [
        "prepare",
        "retrieve",
        "route",
        "read",
        "generate",
        "cite",
    ]
    assert rag("runs").json["runs"][0]["run_id"] == answer["run_id"]
    assert rag("explain", answer["run_id"]).json["events"][-1]["type"] == "answer.finished"
    assert rag("jobs").json["jobs"][0]["state"] == "done"
    assert rag("delete", "--collection", "default", "--source", "papers/a.txt").json["documents"] == 1
    assert [each["source"] for each in rag("search", "warranty").json["hits"]] == ["papers/b.md"]


def test_a_job_done_in_part_exits_with_3_and_names_what_failed(
    rag: Callable[..., Finished], folder: Path
) -> None:
    (folder / "broken.pdf").write_bytes(b"no PDF")
    taken = rag("ingest", "papers")
    assert (taken.code, taken.json["documents"]) == (3, 2)
    (failure,) = taken.json["failed"]
    assert failure["source"] == "papers/broken.pdf"
    assert "PDF" in failure["error"]


def test_a_job_of_which_nothing_got_in_exits_with_1(rag: Callable[..., Finished], folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"no PDF")
    assert rag("ingest", "papers/broken.pdf").code == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["ingest", "nowhere"], 2, "nowhere"),
        (["search", " "], 2, "1 to"),
        (["search", "x", "--collection", "nobody"], 1, "nobody"),
        (["search", "x", "-k", "0"], 2, "k is 1"),
        (["search", "x", "--retriever", "nobody"], 2, "hybrid"),
        (["search", "x", "--filter", "{"], 2, "--filter takes JSON"),
        (["search", "x", "--filter", '{"a": {"like": 1}}'], 2, "like"),
        (["ask", "x", "--generator", "nobody"], 2, "extractive"),
        (["show", "nobody"], 1, "nobody"),
        (["explain", "nobody"], 1, "nobody"),
        (["delete", "--collection", "nobody"], 1, "nobody"),
        (["reindex", "--collection", "nobody"], 1, "nobody"),
        (["jobs", "pause", "nobody"], 1, "nobody"),
        (["eval", "retrieval", "--data", "nowhere"], 2, "qrels.tsv"),
        (["bench", "nobody"], 2, "ingest"),
    ],
)
def test_what_is_wrong_is_said_with_its_exit_code(
    rag: Callable[..., Finished], filled_home: Path, arguments: list[str], code: int, message: str
) -> None:
    done = rag(*arguments, home=filled_home)
    assert done.code == code, done.err
    assert message in done.json["error"]["message"]
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("each_database")
def test_a_job_is_steered_and_an_index_rebuilt(rag: Callable[..., Finished], folder: Path) -> None:
    (folder / "empty.txt").write_bytes(b"")
    job_id = rag("ingest", "papers", "--detach").json["job"]
    assert rag("jobs", "pause", job_id).json == {"job": job_id, "state": "paused"}
    assert rag("jobs", "retry", job_id).code == 1
    resumed = rag("jobs", "resume", job_id)
    assert (resumed.code, resumed.json["documents"], len(resumed.json["failed"])) == (3, 2, 1)
    (folder / "empty.txt").write_text("Not empty any more.")
    retried = rag("jobs", "retry", job_id)
    assert (retried.code, retried.json["documents"], retried.json["failed"]) == (0, 3, [])
    other = rag("ingest", "papers", "--detach").json["job"]
    assert rag("jobs", "cancel", other).json["state"] == "cancelled"
    assert [job["state"] for job in rag("jobs", "--limit", "5").json["jobs"]] == ["cancelled", "done"]
    rebuilt = rag("reindex", "--collection", "default")
    assert (rebuilt.code, rebuilt.json["state"], rebuilt.json["chunks"]) == (0, "done", 3)
    assert next(each["source"] for each in rag("search", "warranty").json["hits"]) == "papers/a.txt"


def test_a_wrong_setting_is_named(rag: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_SERVER__PORT", "many")
    done = rag("collections")
    assert (done.code, "GROVE_SERVER__PORT" in done.err) == (2, True)
    monkeypatch.delenv("GROVE_SERVER__PORT")
    monkeypatch.setenv("GROVE_SERVR", "1")
    done = rag("collections")
    assert (done.code, "GROVE_SERVR" in done.err) == (2, True)


def test_everything_runs_on_postgresql(
    rag: Callable[..., Finished], folder: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROVE_DATABASE_URL", postgres_url)
    monkeypatch.setenv("GROVE_LATE_ENCODER__KIND", "hashing_late")
    assert rag("ingest", "papers").json["documents"] == 2
    assert rag("search", "warranty", "--retriever", "late").json["error"]["type"] == "ConflictError"
    assert rag("reindex", "--index", "dense,late").code == 0
    for retriever in ("lexical", "dense", "hybrid", "late", "hybrid+late"):
        hits = rag("search", "warranty of the sensor", "--retriever", retriever).json["hits"]
        assert hits[0]["source"] == "papers/a.txt"
    answer = rag("ask", "How long does the warranty of the outdoor sensor run?").json
    assert "sixty months" in answer["answer"]
    assert rag("export", "all.zip").json["documents"] == 2
    assert rag("delete", "--collection", "default").json["documents"] == 2
    assert rag("import", "all.zip").json["documents"] == 2
    assert rag("search", "warranty of the sensor", "--retriever", "late").json["hits"] != []


@pytest.mark.usefixtures("folder")
def test_a_library_is_exported_and_imported_into_another_home(
    rag: Callable[..., Finished], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rag("ingest", "papers").json["documents"] == 2
    monkeypatch.setenv("GROVE_INGESTION__BATCH_CHUNKS", "9")
    before = rag("search", "warranty of the sensor").json["hits"]
    exported = rag("export", "all.zip").json
    assert (exported["collections"], exported["documents"]) == (1, 2)
    assert exported["originals"] == 2
    assert rag("export", "few.zip", "--no-originals", "--no-conversations").json["originals"] == 0
    assert exported["bytes"] == (tmp_path / "all.zip").stat().st_size
    assert rag("import", "all.zip").json["error"]["type"] == "ConflictError"
    monkeypatch.delenv("GROVE_INGESTION__BATCH_CHUNKS")
    other = tmp_path / "other"
    imported = rag("import", "all.zip", home=other).json
    assert imported["settings"] == {"GROVE_INGESTION__BATCH_CHUNKS": "9"}
    assert rag("search", "warranty of the sensor", home=other).json["hits"] == before
    (tmp_path / "bad.zip").write_bytes((tmp_path / "all.zip").read_bytes()[:500])
    bad = rag("import", "bad.zip", home=tmp_path / "third")
    assert (bad.code, "not a whole archive" in bad.json["error"]["message"]) == (2, True)


def test_an_evaluation_indexes_once_and_measures(rag: Callable[..., Finished], tmp_path: Path) -> None:
    data = tmp_path / "set"
    data.mkdir()
    texts = {"d0": "The mast of Nordkap was replaced in March.", "d1": "The depot opens at nine."}
    rows = [json.dumps({"id": name, "title": "", "text": text}) for name, text in texts.items()]
    (data / "corpus.jsonl").write_text("\n".join(rows))
    query = {"id": "q", "text": "When does the depot open?", "answers": ["nine"]}
    (data / "queries.jsonl").write_text(json.dumps(query))
    (data / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\td1\t1\n")
    measures = rag(
        "eval", "retrieval", "--data", str(data), "--retriever", "lexical", "--retriever", "dense"
    ).json
    assert measures["queries"] == 1
    assert {name: each["success@1"] for name, each in measures["retrievers"].items()} == {
        "lexical": 1,
        "dense": 1,
    }
    by_default = rag("eval", "retrieval", "--data", str(data)).json
    assert [*by_default["retrievers"]] == ["lexical", "dense", "hybrid", "default"]
    answers = rag("eval", "answers", "--data", str(data))
    assert (answers.json["contains"], answers.json["n"]) == (1.0, 1)
    assert "asynchronous generator" not in answers.err
    page = (Path(__file__).parents[2] / "docs/evaluation.md").read_text()
    assert [name for name in answers.json if f"`{name}`" not in page] == []
    nowhere = rag("eval", "retrieval", "--data", str(data), "--work", "/proc/nowhere")
    assert (nowhere.code, "/proc/nowhere" in nowhere.json["error"]["message"]) == (1, True)
    assert "Traceback" not in nowhere.err


@pytest.mark.usefixtures("each_database", "folder")
def test_a_conversation_goes_on_after_an_error_and_ends_with_an_empty_line(
    rag: Callable[..., Finished], grove_home: Path
) -> None:
    rag("ingest", "papers")
    said = "How long does the warranty of the outdoor sensor run?\n" + "x" * 30_000 + "\nWhen?\n\nignored\n"
    done = _rag.rag("chat", "--home", grove_home, said=said)
    assert done.code == 0
    assert "sixty months. [1]" in done.out
    assert "1 to 20000 characters" in done.err
    assert done.out.count("total ") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "x", "-k", "abc"), "Invalid value for '-k'"),
        (("show",), "Missing argument 'document_id'"),
        (("nonsense",), "No such command 'nonsense'"),
        (("--home", "", "collections"), "it is empty"),
    ],
)
def test_wrong_usage_is_told_in_json_too(
    rag: Callable[..., Finished], arguments: tuple[str, ...], said: str
) -> None:
    done = rag(*arguments)
    assert done.code == 2
    assert said in done.json["error"]["message"]


def test_a_home_that_cannot_be_made_is_told(rag: Callable[..., Finished], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    for home, reason in ((file, "it is a file"), (file / "below", "Not a directory")):
        done = rag("collections", home=home)
        assert done.code == 1
        assert f"the home {home} cannot be made: {reason}; choose another" in done.json["error"]["message"]


@pytest.mark.parametrize("days", ["nan", "inf", "1e12", "0", "-1"])
def test_a_key_that_is_valid_for_no_number_of_days_is_refused(
    rag: Callable[..., Finished], days: str
) -> None:
    done = rag("keys", "create", "k", "--days", days)
    assert done.code == 2
    assert "more than 0 and at most 36500" in done.json["error"]["message"]


def test_a_key_for_a_collection_that_is_not_there_is_made_with_a_warning(
    rag: Callable[..., Finished],
) -> None:
    done = rag("keys", "create", "k", "-c", "misspelt")
    assert (done.code, done.json["key"]["collections"]) == (0, ["misspelt"])
    assert "There is no collection misspelt yet" in done.err


def test_an_engine_that_there_is_not_is_wrong_usage_and_begins_nothing(
    rag: Callable[..., Finished], folder: Path
) -> None:
    done = rag("ingest", str(folder), "--engine", "steam")
    assert done.code == 2
    assert "no --engine 'steam'; choose one of: local, ray" in done.json["error"]["message"]
    assert rag("jobs").json["jobs"] == []
