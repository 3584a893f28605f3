import pytest
from _documents import SAMPLES

from indexing.loaders.rst import Rst
from rag.core.types import ParsedDocument


def _blocks(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def test_a_pep_has_its_header_as_metadata() -> None:
    document = Rst().load(SAMPLES["rst"], name="pep-9999.rst")
    assert document.text.encode() == SAMPLES["rst"]
    assert document.title == "PEP 9999 – Bees"
    assert document.metadata == {
        "pep": 9999,
        "title": "Bees",
        "status": "Draft",
        "created": "2020-04-01",
        "requires": ("8", "20"),
    }
    assert _blocks(document)[1:] == [
        ("heading", 1, "Keeping bees\n============"),
        ("paragraph", 0, "You need little::"),
        ("code", 0, "    smoke()"),
        ("heading", 2, "Tools\n-----"),
        ("list", 0, "* A smoker\n* A veil"),
    ]


def test_rst_levels_follow_the_order_of_the_underlines() -> None:
    text = "=====\nTitle\n=====\n\nOne\n---\n\nDeep\n~~~~\n\nTwo\n---\n\ntext\n"
    document = Rst().load(text.encode(), name="a.rst")
    assert document.title == "Title"
    assert [block.level for block in document.blocks if block.kind == "heading"] == [1, 2, 3, 2]


@pytest.mark.parametrize(
    "rows",
    [
        "   Inputs     Output\n------------  ------\nTrue   False  False",
        "A very long title here\nTrue   False  False",
        "名前   False  False",
        "int    a | b  False",
        "-      -      -\n       False  False",
    ],
)
def test_a_table_of_rst_whose_cells_may_span_columns_stays_as_it_is(rows: str) -> None:
    border = "=====  =====  ======"
    text = f"{border}\n{rows}\n{border}"
    assert Rst().load(text.encode(), name="a.rst").text == text
    plain = "=====  =====\nA      B\n=====  ====="
    indented = "Such::\n\n   " + plain.replace("\n", "\n   ")
    assert Rst().load(indented.encode(), name="a.rst").text == indented
    assert Rst().load(plain.encode(), name="a.rst").text == "A | B"


def test_a_simple_table_of_rst_has_rows() -> None:
    border = "=====  =====  ========"
    rows = (
        "Room   Seats  Screen",
        border,
        "Birch  8      no, but",
        "              a board",
        r"\      24     yes",
    )
    text = "\n".join(("Rooms", "=====", "", border, *rows, border, "", "= =", "Not closed", "", "Text"))
    document = Rst().load(text.replace("\n", "\r\n").encode(), name="a.rst")
    assert _blocks(document)[1:] == [
        ("table", 0, "Room | Seats | Screen\nBirch | 8 | no, but a board\n | 24 | yes"),
        ("table", 0, "= ="),
        ("paragraph", 0, "Not closed"),
        ("paragraph", 0, "Text"),
    ]
