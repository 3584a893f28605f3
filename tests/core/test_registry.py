import importlib
import pkgutil
import subprocess
import sys

import pytest

from rag.core.errors import MissingExtraError, UnknownPluginError
from rag.core.registry import Family

FAMILIES = (
    "indexing.chunkers",
    "indexing.loaders",
    "rag.encoders",
    "rag.generation.backends",
    "rag.retrieval",
    "rag.stores",
)


@pytest.mark.parametrize("package", FAMILIES)
def test_a_part_is_a_file_that_names_one_class(package: str) -> None:
    family = Family(package)
    files = {module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__)}
    assert set(family.names()) == {name for name in files if not name.startswith("_")}
    for name in family.names():
        assert isinstance(family.load(name), type)


def test_an_unknown_part_is_refused_with_the_choices() -> None:
    with pytest.raises(UnknownPluginError, match=r"rag\.retrieval has no 'psychic'; choose.*dense, hybrid"):
        Family("rag.retrieval").load("psychic")


def test_a_library_that_is_missing_is_named() -> None:
    with pytest.raises(MissingExtraError, match=r"needs the library.*docs/dependencies\.md"):
        Family("rag.retrieval").helper("no_such_module")


def test_listing_imports_no_part() -> None:
    code = (
        "import sys; from rag.core.registry import Family; Family('rag.encoders').names();"
        " assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
