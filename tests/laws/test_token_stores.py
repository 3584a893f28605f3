"""Every store keeps these laws of token vectors; `memory` is the oracle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from _kept import Kept

from rag.compose import Grove
from rag.core.errors import SegmentGoneError
from rag.core.queries import TokenQuery
from rag.core.registry import Family
from rag.core.settings import Part, Settings
from rag.core.types import Attribute, Row, Segment, TokenCodes, Vector
from rag.stores._tokens import Packed, floats_of

DIM = 32


@pytest.fixture(params=Family("rag.stores").names())
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    url = request.getfixturevalue("postgres_url") if request.param == "pgvector" else None
    return Kept(Grove(Settings(home=tmp_path / "home", database_url=url, store=Part(kind=request.param))))


def tokens_of(number: int, count: int = 6) -> Vector:
    vectors = np.random.default_rng(number).normal(size=(count, DIM)).astype(np.float32)
    # 16-bit floats keep these exactly enough that no ranking of these tests changes.
    unit: Vector = (
        (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)
    )
    return unit


def make_rows(count: int, *, version: str = "d1.1", first: int = 0, **attributes: Attribute) -> list[Row]:
    return [
        Row(
            f"{version}.{number}",
            version,
            f"word{number}",
            np.eye(1, 16, number % 16, dtype=np.float32)[0],
            {"number": number, **attributes},
            tokens_of(number, 1 + number % 7),
        )
        for number in range(first, first + count)
    ]


def coded(rows: list[Row]) -> list[Row]:
    """Give the rows as a store that compresses them hands them on."""
    packed = Packed.of(rows, coded_tokens=1)
    return [replace(row, tokens=tokens) for row, tokens in zip(rows, packed.tokens, strict=True)]


def with_whole(rows: list[Row]) -> list[Row]:
    """Say of the same tokens that the first is of the whole text."""
    return [replace(row, has_whole=True) for row in rows]


def oracle_of(kept: Kept) -> Kept:
    return Kept(Grove(kept.grove.settings.model_copy(update={"store": Part(kind="memory")})))


def test_tokens_find_their_own_row(kept: Kept) -> None:
    rows = make_rows(20)
    segment = kept.stage(rows)
    found = [kept.tokens(floats_of(row.tokens), [segment], k=1) for row in rows if row.tokens is not None]
    assert found == [[row.chunk_id] for row in rows]


@pytest.mark.parametrize("k", [1, 7, 50])
@pytest.mark.parametrize("kind", ["floats", "coded", "coded with a whole"])
def test_token_scores_are_those_of_memory(kept: Kept, k: int, kind: str) -> None:
    rows = with_whole(make_rows(40)) if kind == "coded with a whole" else make_rows(40)
    rows = rows if kind == "floats" else coded(rows)
    oracle, query = oracle_of(kept), TokenQuery(tokens_of(99, 5))
    expected = oracle.store.search(query, [oracle.stage(rows)], filter=None, k=k)
    hits = kept.store.search(query, [kept.stage(rows)], filter=None, k=k)
    assert [hit.chunk_id for hit in hits] == [hit.chunk_id for hit in expected]
    assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in expected], abs=2e-3)


def test_rows_without_tokens_are_not_found_by_tokens(kept: Kept) -> None:
    bare = [Row("d2.1.0", "d2.1", "word", np.eye(1, 16, dtype=np.float32)[0])]
    segments = [kept.stage(bare), kept.stage([*make_rows(2), Row(*_fields(bare[0]))])]
    assert kept.tokens(tokens_of(1), segments) == kept.tokens(tokens_of(1), segments[1:])
    assert set(kept.tokens(tokens_of(1), segments)) == {"d1.1.0", "d1.1.1"}
    assert kept.tokens(tokens_of(1), []) == []


def _fields(row: Row) -> tuple[str, str, str, Vector]:
    return f"{row.chunk_id}x", row.version_id, row.text, row.vector


def test_many_segments_are_searched_as_one(kept: Kept) -> None:
    rows = make_rows(60)
    parts = [kept.stage(rows[start : start + 20]) for start in (0, 20, 40)]
    assert kept.tokens(tokens_of(7), parts) == kept.tokens(tokens_of(7), [kept.stage(rows)])


@pytest.mark.parametrize("is_coded", [False, True])
def test_a_filter_and_deletions_are_inside_the_search(kept: Kept, is_coded: bool) -> None:
    rows = make_rows(300, kind="common") + make_rows(5, first=300, version="d2.1", kind="rare")
    staged = kept.stage(coded(rows) if is_coded else rows)
    assert set(kept.tokens(tokens_of(1), [staged], where={"kind": "rare"})) == {
        r.chunk_id for r in rows[300:]
    }
    alive = Segment(staged.segment_id, staged.num_rows, frozenset({"d1.1"}))
    assert set(kept.tokens(tokens_of(1), [alive], k=20)) == {row.chunk_id for row in rows[300:]}
    assert kept.tokens(tokens_of(1), [staged], where={"kind": "none"}) == []


@pytest.mark.parametrize("is_coded", [False, True])
def test_tokens_come_back_as_they_were_staged(kept: Kept, is_coded: bool) -> None:
    rows = coded(make_rows(12)) if is_coded else make_rows(12)
    first = kept.rows(kept.stage(rows))
    again = kept.rows(kept.stage(first))  # as a merge writes them
    for row, one, other in zip(rows, first, again, strict=True):
        assert row.tokens is not None
        assert one.tokens is not None
        assert other.tokens is not None
        np.testing.assert_array_equal(floats_of(one.tokens), floats_of(other.tokens))
        np.testing.assert_allclose(floats_of(one.tokens), floats_of(row.tokens), atol=1e-3)
        assert isinstance(one.tokens, TokenCodes) == is_coded or kept.store.capabilities.is_exact


def test_the_vector_of_the_whole_is_kept_nearly_exactly(kept: Kept) -> None:
    rows = with_whole(make_rows(20))
    back = kept.rows(kept.stage(kept.rows(kept.stage(coded(rows)))))  # merged once
    for row, again in zip(rows, back, strict=True):
        assert row.tokens is not None
        assert again.tokens is not None
        assert len(again.tokens) == len(row.tokens)
        if len(row.tokens) > 1:
            assert again.has_whole
            np.testing.assert_allclose(floats_of(again.tokens)[0], floats_of(row.tokens)[0], atol=1 / 254)


def test_rows_of_a_segment_may_differ_in_having_a_whole(kept: Kept) -> None:
    rows = coded([*make_rows(15), *with_whole(make_rows(15, first=15))])
    oracle, query = oracle_of(kept), tokens_of(3, 5)
    assert kept.tokens(query, [kept.stage(rows)]) == oracle.tokens(query, [oracle.stage(rows)])


def test_floats_keep_word_of_their_whole_until_they_are_compressed(kept: Kept) -> None:
    back = kept.rows(kept.stage(with_whole(make_rows(8))))
    assert all(row.has_whole for row in back)
    assert [row.has_whole for row in kept.rows(kept.stage(coded(back)))] == [
        kept.store.capabilities.is_exact or n % 7 > 0 for n in range(8)
    ]


def test_what_was_compressed_and_what_was_not_are_merged(kept: Kept) -> None:
    rows = [*coded(make_rows(10)), *make_rows(10, first=10), *coded(make_rows(10, first=20))]
    merged = kept.stage(kept.rows(kept.stage(rows)))
    oracle = oracle_of(kept)
    assert kept.tokens(tokens_of(3), [merged]) == oracle.tokens(tokens_of(3), [oracle.stage(rows)])


def test_a_known_codebook_is_taken_when_it_fits() -> None:
    (book,) = Packed.of(make_rows(400), coded_tokens=1).codebooks
    assert Packed.of(make_rows(40), known=[book]).codebooks == [book]
    assert Packed.of(make_rows(40)).codebooks == []


def test_a_dropped_segment_is_gone(kept: Kept) -> None:
    gone = kept.stage(coded(make_rows(3)))
    assert kept.drop([gone.segment_id], keep=[]) == [gone.segment_id]
    with pytest.raises(SegmentGoneError, match=gone.segment_id):
        kept.tokens(tokens_of(1), [gone])


def test_a_durable_store_finds_the_same_when_it_is_opened_again(kept: Kept) -> None:
    if not kept.store.capabilities.is_durable:
        pytest.skip("the store keeps nothing beyond its process, by its own word")
    segment = kept.stage(coded(make_rows(30)))
    again = Kept(Grove(kept.grove.settings))
    assert again.tokens(tokens_of(4), [segment]) == kept.tokens(tokens_of(4), [segment])
