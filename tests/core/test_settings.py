from pathlib import Path

import pytest
from pydantic import ValidationError

from rag.compose import Grove
from rag.core.settings import Part, Settings


def test_the_defaults_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROVE_HOME")
    settings = Settings()
    assert settings.home_dir == Path("~/.grove").expanduser()
    assert settings.resolved_database == settings.home_dir / "grove.db"
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
    monkeypatch.setenv("GROVE_CHUNKER__OPTIONS", '{"max_tokens": 99}')
    assert Settings().chunker == Part(kind="structure", options={"max_tokens": 99})


def test_a_retriever_of_ones_own_inherits_no_option(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GROVE_RETRIEVER__KIND", "lexical")
    assert Settings().retriever == Part(kind="lexical")


def test_token_vectors_are_kept_where_one_pass_gives_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().resolved_indexes == ("dense", "late")
    monkeypatch.setenv("GROVE_ENCODER__KIND", "hashing")
    assert Settings().resolved_indexes == ("dense",)
    monkeypatch.setenv("GROVE_INDEXES", "long,dense")
    assert Settings().resolved_indexes == ("dense", "long")


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_DATABASE_URL", "")
    assert Settings().database_url is None


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_postgresql_keeps_the_vectors_too(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("GROVE_DATABASE_URL", f"{scheme}://grove@localhost/grove")
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


def test_a_named_part_is_set_level_by_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_RETRIEVERS__FAST__KIND", "dense")
    monkeypatch.setenv("GROVE_RETRIEVERS__SLOW", '{"kind": "hybrid", "options": {"depth": 500}}')
    assert Settings().retrievers == {
        "fast": Part(kind="dense"),
        "slow": Part(kind="hybrid", options={"depth": 500}),
    }


def test_a_level_goes_before_the_json_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_SERVER", '{"host": "0.0.0.0", "port": 1}')
    monkeypatch.setenv("GROVE_SERVER__PORT", "2")
    server = Settings().server
    assert (server.host, server.port, server.worker) == ("0.0.0.0", 2, True)


def test_an_argument_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_TENANT", "theirs")
    assert (Settings().tenant, Settings(tenant="mine").tenant) == ("theirs", "mine")


def test_case_makes_no_difference_to_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("Grove_Tenant", "mine")
    assert Settings().tenant == "mine"
    monkeypatch.setenv("grove_tenannt", "mine")
    with pytest.raises(ValidationError, match="no such setting: grove_tenannt"):
        Settings()


@pytest.mark.parametrize(
    "name",
    ["GROVE_HOME__X", "GROVE_DATABASE_URL__X", "GROVE_RESOLVED_STORE", "GROVE_", "GROVE_SERVR__PORT"],
)
def test_a_variable_that_sets_nothing_is_refused_by_its_whole_name(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(ValidationError, match=rf"no such setting: {name} "):
        Settings()


def test_all_unknown_variables_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GROVE_ZZZ", "GROVE_AAA"):
        monkeypatch.setenv(name, "x")
    with pytest.raises(ValidationError, match="no such setting: GROVE_AAA, GROVE_ZZZ"):
        Settings()


def test_what_only_tests_read_is_no_unknown_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_REQUIRE", "postgres")
    monkeypatch.setenv("GROVE_SHARED", "/elsewhere")
    assert Settings().tenant == "default"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GROVE_ENCODER", "hashing"),
        ("GROVE_ENCODER__OPTIONS", "dim=8"),
        ("GROVE_ENCODER__OPTIONS", "[1]"),
        ("GROVE_GENERATORS", "{'mine': {}}"),
        ("GROVE_SERVER", "8080"),
        ("GROVE_SERVER__WORKER", "perhaps"),
        ("GROVE_SERVER__PORT__X", "1"),
        ("GROVE_GENERATION__NUM_PASSAGES", "101"),
    ],
)
def test_a_wrong_value_is_placed_at_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    (error,) = caught.value.errors()
    place = "__".join(str(level) for level in error["loc"]).upper()
    assert f"GROVE_{place}" == variable.removesuffix("__X")


def test_options_of_a_part_without_a_default_need_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_STORE__OPTIONS", "{}")
    with pytest.raises(ValidationError, match=r"store\.kind\n +Field required"):
        Settings()


def test_profiles_of_ones_own_stand_beside_the_one_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROVE_GENERATORS__MINE__KIND", "echo")
    assert {"vllm", "mine"} <= set(Grove(Settings()).generator_names())
