import pytest

from indexing.sections import sections
from rag.core.types import Chunk


def chunks(*headings: str) -> list[Chunk]:
    return [
        Chunk(n, n + 1, "x", tuple(heading.split("/") if heading else ()))
        for n, heading in enumerate(headings)
    ]


def test_a_section_is_what_stands_under_one_topmost_heading() -> None:
    found = sections(chunks("a", "a/b", "a/c", "d", "e/f", "e/g"), unit="section")
    assert found == [range(3), range(3, 4), range(4, 6)]


def test_a_heading_over_everything_parts_nothing() -> None:
    assert sections(chunks("t/a", "t/a/b", "t/c"), unit="section") == [range(2), range(2, 3)]


def test_a_chunk_that_begins_with_its_heading_goes_with_what_follows() -> None:
    # "# t ## a", "under a", "## b", "under b": a chunk is under what stands before it.
    assert sections(chunks("", "t/a", "t", "t/b"), unit="section") == [range(2), range(2, 4)]


def test_a_document_is_one_and_a_chunk_is_one() -> None:
    both = chunks("a", "b", "b")
    assert sections(both, unit="document") == [range(3)]
    assert sections(both, unit="chunk") == [range(1), range(1, 2), range(2, 3)]


@pytest.mark.parametrize("unit", ["section", "document", "chunk"])
def test_every_chunk_is_in_one_section(unit: str) -> None:
    for count in (0, 1, 31, 32, 33, 100):
        places = [place for section in sections(chunks(*["a"] * count), unit=unit) for place in section]
        assert places == list(range(count))


def test_a_section_without_headings_is_halved_until_it_is_short_enough() -> None:
    lengths = [len(section) for section in sections(chunks(*["a"] * 100), unit="section")]
    assert lengths == [25, 25, 25, 25]
