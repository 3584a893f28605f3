from pathlib import Path

import pytest
from pydantic import ValidationError

from rag.core.settings import Part, Settings


def test_the_defaults_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROVE_HOME")
    settings = Settings()
    assert settings.home_dir == Path("~/.grove").expanduser()
    assert settings.resolved_database_url == f"sqlite:///{settings.home_dir / 'grove.db'}"
    assert settings.resolved_store.kind == "faiss"


def test_the_environment_sets_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_SERVER__PORT", "9000")
    monkeypatch.setenv("GROVE_GENERATOR__KIND", "transformers")
    monkeypatch.setenv("GROVE_GENERATORS", '{"mine": {"kind": "openai", "options": {"model": "m"}}}')
    settings = Settings()
    assert (settings.server.port, settings.server.host) == (9000, "127.0.0.1")
    assert settings.generator.kind == "transformers"
    assert settings.generators == {"mine": Part(kind="openai", options={"model": "m"})}


def test_options_alone_are_those_of_the_default_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_RETRIEVER__OPTIONS", '{"fusion": "score"}')
    assert Settings().retriever == Part(kind="hybrid", options={"fusion": "score"})


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_DATABASE_URL", "")
    assert Settings().database_url is None


def test_postgresql_keeps_the_vectors_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_DATABASE_URL", "postgresql+psycopg://grove@localhost/grove")
    assert Settings().resolved_store.kind == "pgvector"
    monkeypatch.setenv("GROVE_STORE__KIND", "faiss")
    assert Settings().resolved_store.kind == "faiss"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("GROVE_SERVER__PORT", "99999", "less than or equal to 65535"),
        ("GROVE_GENERATION__TEMPERATURE", "hot", "valid number"),
        ("GROVE_INGESTION__LEASE_SECONDS", "0", "greater than 0"),
        ("GROVE_SERVER__PROT", "1", "Extra inputs are not permitted"),
        ("GROVE_HMOE", "/tmp", "no such setting: GROVE_HMOE"),
    ],
)
def test_a_wrong_variable_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=words):
        Settings()


def test_settings_never_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().home = Path("elsewhere")  # type: ignore[misc]
