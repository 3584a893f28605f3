"""Every store keeps these laws of sections; `memory` is the oracle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from _kept import Kept

from rag.compose import Grove
from rag.core.filters import parse_filter
from rag.core.queries import SectionQuery
from rag.core.registry import Family
from rag.core.settings import Part, Settings
from rag.core.types import Hit, Row, Section, Segment, Vector

DIM = 16


@pytest.fixture(params=Family("rag.stores").names())
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    url = request.getfixturevalue("postgres_url") if request.param == "pgvector" else None
    return Kept(Grove(Settings(home=tmp_path / "home", database_url=url, store=Part(kind=request.param))))


@pytest.fixture
def oracle(kept: Kept) -> Kept:
    return Kept(Grove(kept.grove.settings.model_copy(update={"store": Part(kind="memory")})))


def unit(number: int, size: int = DIM) -> Vector:
    vector = np.random.default_rng(number).normal(size=size)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


SECTION_DIM = 12


def section_query() -> Vector:
    return unit(6, SECTION_DIM)


def document(version: str, sections: int = 4, *, rows: int = 3) -> list[Row]:
    seed = sum(map(ord, version)) * 1000
    made = [Section(number, unit(seed + number, SECTION_DIM)) for number in range(sections)]
    return [
        Row(
            f"{version}.{number}",
            version,
            f"word{number}",
            unit(seed + 100 + number),
            {"version": version},
            None,
            made[number // rows],
        )
        for number in range(sections * rows)
    ]


def found(
    kept: Kept, segments: list[Segment], *, num: int = 3, weight: float = 0.0, where: object = None
) -> list[Hit]:
    query = SectionQuery(unit(5), section_query(), num, weight)
    return kept.store.search(query, segments, filter=parse_filter(where), k=20)


def pairs(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(hit.chunk_id, hit.score) for hit in hits]


def expected(hits: list[Hit]) -> list[tuple[str, object]]:
    return [(hit.chunk_id, pytest.approx(hit.score, abs=4e-3)) for hit in hits]


@pytest.mark.parametrize("num", [1, 3, 100])
@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_rows_of_the_best_sections_are_found_as_in_memory(
    kept: Kept, oracle: Kept, num: int, weight: float
) -> None:
    parts = [document("a.1") + document("b.1"), document("c.1")]
    hits = found(kept, [kept.stage(rows) for rows in parts], num=num, weight=weight)
    wanted = found(oracle, [oracle.stage(rows) for rows in parts], num=num, weight=weight)
    assert len(hits) == min(3 * num, 20)
    assert pairs(hits) == expected(wanted)


def test_sections_are_chosen_before_rows(kept: Kept) -> None:
    rows = document("a.1")
    made = {row.section for row in rows if row.section is not None}
    best = max(made, key=lambda section: float(section.vector @ section_query()))
    hits = found(kept, [kept.stage(rows)], num=1)
    assert {hit.chunk_id for hit in hits} == {
        row.chunk_id
        for row in rows
        if row.section is best  # whatever the rows outside say
    }


def test_what_may_not_be_found_takes_no_place_among_the_sections(kept: Kept, oracle: Kept) -> None:
    rows = document("a.1") + document("b.1")
    segment, same = kept.stage(rows), oracle.stage(rows)
    for where in ({"version": "b.1"}, None):
        dead = frozenset() if where else frozenset({"a.1"})
        hits = found(kept, [replace(segment, dead=dead)], num=2, where=where)
        assert {hit.chunk_id[:3] for hit in hits} == {"b.1"}
        assert len(hits) == 6
        assert pairs(hits) == expected(found(oracle, [replace(same, dead=dead)], num=2, where=where))


def test_rows_without_a_section_are_not_found(kept: Kept) -> None:
    bare = [replace(row, section=None) for row in document("a.1")]
    assert found(kept, [kept.stage(bare)]) == []
    mixed = kept.stage([*bare, *document("b.1")])
    assert {hit.chunk_id[:3] for hit in found(kept, [mixed], num=100)} == {"b.1"}


def test_a_merge_keeps_the_sections(kept: Kept) -> None:
    parts = [kept.stage(document("a.1")), kept.stage(document("b.1"))]
    before = found(kept, parts)
    merged = kept.stage([row for part in parts for row in kept.rows(part)])
    assert pairs(found(kept, [merged])) == expected(before)
    assert [row.section.number for row in kept.rows(merged) if row.section] == [
        0,
        0,
        0,
        1,
        1,
        1,
        2,
        2,
        2,
        3,
        3,
        3,
    ] * 2
