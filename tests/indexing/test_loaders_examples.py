import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from indexing.parse import parse_document
from rag.core.types import ParsedDocument

EXAMPLES = Path(__file__).parents[2] / "examples"
INVENTED = ["field-notes.docx", "handbook.pdf", "product.html"]
PEPS = sorted((EXAMPLES / "peps").glob("*.rst"))


def _script(name: str = "make_examples") -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _parsed(path: Path) -> ParsedDocument:
    return parse_document(path.read_bytes(), name=path.name)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    _script().make_invented(folder)
    return folder


@pytest.mark.parametrize("name", INVENTED)
def test_an_example_is_what_its_script_makes(made: Path, name: str) -> None:
    assert _parsed(made / name) == _parsed(EXAMPLES / name)


@pytest.mark.parametrize("name", INVENTED)
def test_an_example_always_comes_out_the_same(made: Path, name: str, tmp_path: Path) -> None:
    _script().make_invented(tmp_path)
    assert (tmp_path / name).read_bytes() == (made / name).read_bytes()


def test_the_mail_is_what_its_script_makes_and_says_what_the_demonstration_asks(tmp_path: Path) -> None:
    _script("make_mail").make_mail(tmp_path / "mail.zip")
    made, kept = _parsed(tmp_path / "mail.zip"), _parsed(EXAMPLES / "mail.zip")
    assert made.text == kept.text
    assert "HX-240-0121 | 2,98 | 0,62 | send to the depot" in kept.text
    assert "from 14 July to 18 July 2025" in kept.text


def test_the_handbook_shows_what_a_pdf_can_hold() -> None:
    document = _parsed(EXAMPLES / "handbook.pdf")
    text = document.text
    assert len(document.layout.pages) == 4
    row = text.index("Outdoor sensor | HX-240 | 60 | -40 to 70 °C | 149")
    assert document.layout.page_at(row) == 3
    assert len(document.layout.boxes_in(row, row + len("Outdoor sensor | HX-240 | 60"))) == 1
    places = [text.index(f"2.{number} ") for number in range(1, 7)]
    assert places == sorted(places), "the left column comes before the right"
    lefts = [document.layout.boxes_in(place, place + 3)[0].x0 for place in places]
    assert lefts[0] < 0.2
    assert lefts[-1] > 0.4


def test_the_peps_carry_their_headers() -> None:
    assert len(PEPS) >= 40
    for path in PEPS:
        document = _parsed(path)
        assert document.title.startswith(f"PEP {document.metadata['pep']} – ")
        assert {"status", "type", "created"} <= set(document.metadata)
        assert str(document.metadata["created"])[4] == "-"
        assert any(block.kind == "heading" for block in document.blocks)
