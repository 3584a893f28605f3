"""The commands with which one looks after an installation: erase, audit, keys, schedules and permit."""

from pathlib import Path

import pytest
from _rag import rag


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hold one document and one question about it, without a model."""
    home = tmp_path / "home"
    monkeypatch.setenv("GROVE_HOME", str(home))
    monkeypatch.setenv("GROVE_ENCODER__KIND", "hashing")
    monkeypatch.setenv("GROVE_GENERATOR__KIND", "echo")
    (tmp_path / "tower.txt").write_text("The tower of Ardal is 41 metres high.")
    assert rag("ingest", tmp_path / "tower.txt").code == 0
    assert rag("ask", "How high is the tower of Ardal?").code == 0
    return home


def test_a_document_is_erased_with_the_questions_that_quote_it(home: Path) -> None:
    (document,) = rag("documents", "--json").json["documents"]
    erased = rag("erase", "document", document["document_id"], "--json")
    assert (erased.code, erased.json["documents"], erased.json["runs"]) == (0, 1, 1)
    assert rag("documents", "--json").json["documents"] == []
    assert rag("runs", "--json").json["runs"] == []
    assert not any(b"Ardal" in path.read_bytes() for path in home.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "command",
    [
        ("erase", "document", "nope"),
        ("erase", "run", "nope"),
        ("erase", "conversation", "nope"),
        ("keys", "revoke", "nope"),
        ("schedules", "pause", "nope"),
        ("permit", "nope"),
    ],
)
def test_what_is_not_there_is_named(home: Path, command: tuple[str, ...]) -> None:
    finished = rag(*command)
    assert finished.code == 1
    assert "nope" in finished.err
    assert finished.out == ""


def test_a_user_is_erased_by_the_name_that_the_key_was_given(home: Path) -> None:
    assert rag("keys", "create", "ann", "--scope", "read", "--user", "https://x/ann").code == 0
    assert rag("erase", "user", "https://x/ann").code == 0
    assert rag("keys", "list", "--json").json["keys"][0]["state"] == "revoked"


def test_a_key_is_listed_revoked_and_in_the_audit(home: Path) -> None:
    made = rag("keys", "create", "ann", "--scope", "read", "--user", "ann@x", "--json").json["key"]
    assert (made["scopes"], made["subject"]) == (["read"], "user:ann@x")
    (listed,) = rag("keys", "list", "--json").json["keys"]
    assert (listed["key_id"], listed["state"]) == (made["key_id"], "valid")
    assert rag("keys", "revoke", made["key_id"]).code == 0
    (listed,) = rag("keys", "list", "--json").json["keys"]
    assert listed["state"] == "revoked"
    audited = rag("audit", "--json")
    assert audited.code == 0
    assert isinstance(audited.json["entries"], list)


def test_a_schedule_is_paused_and_goes_on(home: Path, tmp_path: Path) -> None:
    added = rag("schedules", "add", tmp_path, "--cron", "0 3 * * *", "--json")
    assert added.code == 0
    schedule = added.json["schedule"]

    def is_paused() -> bool:
        (shown,) = rag("schedules", "list", "--json").json["schedules"]
        return bool(shown["is_paused"])

    assert rag("schedules", "pause", schedule).code == 0
    assert is_paused()
    assert rag("schedules", "resume", schedule).code == 0
    assert not is_paused()
