import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from rag.compose import Grove
from rag.core.errors import InvalidInputError, MissingExtraError, UnknownPluginError
from rag.core.registry import Family
from rag.core.settings import Part, Settings

FAMILIES = (
    "indexing.chunkers",
    "indexing.loaders",
    "rag.encoders",
    "rag.generation.backends",
    "rag.retrieval",
    "rag.stores",
)
TAKES_ONE = """__all__ = ["{name}"]
class {name}:
    def __init__(self, {parameter}): self.value = {value}
"""


@pytest.mark.parametrize("package", FAMILIES)
def test_a_part_is_a_file_that_names_one_class(package: str) -> None:
    family = Family(package)
    files = {module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__)}
    assert set(family.names()) == {name for name in files if not name.startswith("_")}
    for name in family.names():
        assert isinstance(family.load(name), type)


def test_an_unknown_part_is_refused_with_the_choices() -> None:
    with pytest.raises(
        UnknownPluginError, match=r"rag\.retrieval has no 'psychic'; choose.*dense, .*hybrid"
    ):
        Family("rag.retrieval").load("psychic")


def test_a_library_that_is_missing_is_named() -> None:
    with pytest.raises(MissingExtraError, match=r"needs the library.*docs/dependencies\.md"):
        Family("rag.retrieval").helper("no_such_module")


def test_options_that_a_part_cannot_do_without_are_named() -> None:
    with pytest.raises(InvalidInputError, match=r"openai of .* needs the options base_url, model"):
        Family("rag.generation.backends").build("openai", {}, nothing_to_add)


@pytest.mark.parametrize(
    ("package", "kind", "taken"),
    [
        ("indexing.chunkers", "structure", "max_tokens, min_tokens"),
        ("rag.retrieval", "dense", "none"),
    ],
)
def test_an_unknown_option_is_refused_with_those_that_a_person_can_give(
    package: str, kind: str, taken: str
) -> None:
    part = Part(kind=kind, options={"size": 3})
    with pytest.raises(InvalidInputError, match=f"takes no option size; it takes: {taken}$"):
        Grove(Settings()).build(Family(package), part, token_starts=list)


def test_listing_imports_no_part() -> None:
    code = (
        "import sys; from rag.core.registry import Family; Family('rag.encoders').names();"
        " assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("package", FAMILIES)
def test_every_choice_is_named_when_a_part_is_unknown(package: str) -> None:
    family = Family(package)
    with pytest.raises(UnknownPluginError) as caught:
        family.load("psychic")
    assert str(caught.value).endswith(f"choose one of: {', '.join(sorted(family.names()))}")


@pytest.mark.parametrize("name", ["_cache", "", "Dense", "dense.py", "..core", "dense "])
def test_only_the_name_of_a_part_loads_it(name: str) -> None:
    for package in ("rag.encoders", "rag.retrieval"):
        with pytest.raises(UnknownPluginError, match="choose one of"):
            Family(package).load(name)


def test_a_loaded_part_is_the_class_of_its_file() -> None:
    part = Family("rag.retrieval").load("dense")
    assert (part.__module__, part.__qualname__) == ("rag.retrieval.dense", "Dense")


def nothing_to_add(parameter: str, option: object) -> object:
    return option


@pytest.mark.parametrize(
    ("option", "expected"),
    [("50", 50), ("true", True), ("[1, 2]", [1, 2]), ("fast", "fast"), (7, 7)],
)
def test_an_option_given_as_text_is_read_where_the_part_takes_no_text(
    site: Path, option: object, expected: object
) -> None:
    write(
        site,
        hedges__yew=TAKES_ONE.format(name="Yew", parameter="depth: int = 1", value="depth"),
    )
    assert Family("hedges").build("yew", {"depth": option}, nothing_to_add).value == expected


def test_an_option_that_is_text_stays_as_it_is(site: Path) -> None:
    write(
        site,
        groves__oak=TAKES_ONE.format(name="Oak", parameter="key: str | None", value="key"),
    )
    assert Family("groves").build("oak", {"key": "123"}, nothing_to_add).value == "123"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that Python imports from."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def write(site: Path, **files: str) -> None:
    for name, text in files.items():
        path = site / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def test_a_part_whose_library_is_missing_is_listed_and_names_it_when_loaded(site: Path) -> None:
    family = site / "family_of_one"
    family.mkdir()
    (family / "__init__.py").write_text("")
    write(site, family_of_one__part='import no_such_library\n\n__all__ = ["Part"]\n')
    assert Family("family_of_one").names() == ["part"]
    with pytest.raises(MissingExtraError, match=r"family_of_one\.part needs the library 'no_such_library'"):
        Family("family_of_one").load("part")


def test_another_distribution_adds_a_part_by_an_entry_point(site: Path) -> None:
    write(site, elsewhere="class Psychic:\n    pass\n")
    description = site / "elsewhere-1.0.dist-info"
    description.mkdir()
    (description / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (description / "entry_points.txt").write_text("[rag.retrieval]\npsychic = elsewhere:Psychic\n")
    family = Family("rag.retrieval")
    assert family.names() == sorted({*family.names(), "dense", "psychic"})
    assert family.load("psychic").__module__ == "elsewhere"
